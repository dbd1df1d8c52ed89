// control/policy: finds the addresses of the groups of users that networks name.
#include "control/policy/group_resolver.h"

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace sluice::control {
namespace {

struct Group {
  Position at;  ///< where it is first named
  std::vector<PrefixSource> addresses;
  bool used = false;
};

void check_claims(const PolicySource& source, Report& report) {
  std::map<Prefix, const UserSource*> owners;
  for (const UserSource& user : source.users) {
    for (const PrefixSource& address : user.addresses) {
      const auto [first, fresh] = owners.try_emplace(address.prefix, &user);
      if (fresh) continue;
      report.error(address.at,
                   to_string(address.prefix) + " belongs to the user " + in_quotes(first->second->name.text) +
                       " already",
                   "give each address to one user");
    }
  }
}

}  // namespace

void resolve_groups(PolicySource& source, Report& report) {
  check_claims(source, report);
  std::unordered_map<std::string, Group> groups;
  for (const UserSource& user : source.users) {
    for (const Word& word : user.groups) {
      Group& group = groups.try_emplace(word.text, Group{.at = word.at}).first->second;
      group.addresses.insert(group.addresses.end(), user.addresses.begin(), user.addresses.end());
    }
  }
  std::vector<std::string_view> known;
  for (const auto& [name, group] : groups) known.push_back(name);
  std::ranges::sort(known);
  for (NetworkSource& network : source.networks) {
    for (const Word& word : network.groups) {
      const auto found = groups.find(word.text);
      if (found != groups.end()) {
        found->second.used = true;
        network.prefixes.insert(network.prefixes.end(), found->second.addresses.begin(),
                                found->second.addresses.end());
      } else if (source.complete) {
        const std::string_view near = nearest(word.text, known);
        report.error(
            word.at, "no user is in the group " + in_quotes(word.text),
            near.empty() ? "name it in a user's `groups`" : "did you mean " + std::string(near) + "?");
      }
    }
  }
  for (const std::string_view name : known) {
    const Group& group = groups.find(std::string(name))->second;
    if (!group.used && source.complete)
      report.warn(group.at, "no network takes the group " + in_quotes(name),
                  "write groups: [" + std::string(name) + "] in a network");
  }
}

}  // namespace sluice::control
