// control/cli: sluicectl why.
#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>

#include "control/base/clock.h"
#include "control/base/utc.h"
#include "control/cli/asks.h"
#include "control/cli/commands.h"
#include "control/cli/exception_text.h"
#include "control/cli/note_reading.h"
#include "control/cli/policies.h"
#include "control/cli/pseudonym_hint.h"
#include "control/cli/table.h"
#include "control/cli/terminal.h"
#include "control/policy/prefix.h"
#include "control/policy/utf8.h"
#include "control/usage/blocks.h"

namespace sluice::control {
namespace {

using nlohmann::json;
constexpr size_t kGroupsShown = 20, kPagesShown = 3, kLabelEnd = 11;
/// The entries of so many blocks are looked for, the latest ones: each may mean reading a whole list.
constexpr size_t kEntriesSought = 100;

/// A text of digits, dots, colons and slashes is meant as an address, whether it is one or not.
bool looks_like_address(const std::string& who) {
  return who.find_first_not_of("0123456789abcdefABCDEF.:/") == std::string::npos &&
         who.find_first_of(".:/") != std::string::npos;
}

/// Returns what is wrong with who is asked about.
std::string wrong_with(const std::string& who) {
  Prefix prefix;
  const bool address = parse_prefix(who, prefix) == PrefixError::None;
  if (address && prefix.length != 128) {
    return who + " is a whole prefix; write one client's address, or ask `top clients --from " + who + "`";
  }
  if (!address && looks_like_address(who)) {
    return who + " is no IP address";
  }
  return who.empty() ? "an empty text is no user" : "";
}

/// What is to be looked for: the client itself, and the addresses that the policy knows as a user's.
std::vector<std::string> clients_of(const std::string& who, const PolicyFactsRead& facts) {
  Prefix prefix;
  const bool address = parse_prefix(who, prefix) == PrefixError::None;
  std::vector<std::string> out{address ? to_string(prefix) : who};
  for (const UserFacts& user : facts.users) {
    if (user.name == who) {
      out.insert(out.end(), user.addresses.begin(), user.addresses.end());
    }
  }
  return out;
}

/// Adds what was found of one more address.
void merge(ClientUsage& into, ClientUsage&& from) {
  std::move(from.blocks.begin(), from.blocks.end(), std::back_inserter(into.blocks));
  std::stable_sort(into.blocks.begin(), into.blocks.end(),
                   [](const BlockedGroup& a, const BlockedGroup& b) { return a.last_ns > b.last_ns; });
  into.accesses += from.accesses;
  into.blocked += from.blocked;
  into.observed += from.observed;
  into.left_out = into.left_out || from.left_out;
  into.addresses.merge(from.addresses);
  if (from.last_ns > into.last_ns) {
    into.last_ns = from.last_ns;
    into.last_asked = from.last_asked;
    into.last_action = from.last_action;
  }
  for (const std::string& each : from.findings.problems) {
    into.findings.problem(each);
  }
}

/// The pages, the most frequent first.
std::vector<std::pair<std::string, uint64_t>> pages_of(const BlockedGroup& group) {
  std::vector<std::pair<std::string, uint64_t>> out(group.pages.begin(), group.pages.end());
  std::stable_sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
  return out;
}

/// Where the policy has the rule; empty where that is not known.
std::string place_of_rule(const KnownPolicy& policy, const std::string& rule) {
  const auto found = std::ranges::find(policy.facts.rules, rule, &RuleFacts::name);
  return rule.empty() || found == policy.facts.rules.end() ? std::string() : found->where;
}

/// Whether a list, or an office, decided, so that one of its entries took what was asked for.
bool has_entry(const KnownPolicy& policy, const BlockedGroup& group) {
  return policy.written && !group.list.empty();
}

/// The entry that takes the last access of the group, as the list is now.
std::optional<Place> place_of_entry(const KnownPolicy& policy, const BlockedGroup& group) {
  AccessFields fields;
  Question question;
  if (!has_entry(policy, group) || !read_access(group.line, fields) ||
      !question_of(fields, question).empty()) {
    return std::nullopt;
  }
  return policy.written->entry(group.list, group.rule, question);
}

/// entry: that of place_of_entry, where it was looked for.
json group_json(const KnownPolicy& policy, const BlockedGroup& group, const std::optional<Place>& entry) {
  json out{{"asked", group.asked},
           {"address", group.address},
           {"port", group.port},
           {"protocol", group.protocol},
           {"count", group.count},
           {"first", utc_text(group.first_ns)},
           {"last", utc_text(group.last_ns)},
           {"reason", group.reason},
           {"because", because_text(group)},
           {"rule", group.rule.empty() ? json() : json(group.rule)},
           {"rule_where", place_of_rule(policy, group.rule)},
           {"list", group.list.empty() ? json() : json(group.list)},
           {"list_place", place_json(entry)},
           {"network", group.network.empty() ? json() : json(group.network)},
           {"clients", group.clients},
           {"pages", json::array()}};
  for (const auto& [page, count] : pages_of(group)) {
    out["pages"].push_back({{"name", page}, {"count", count}});
  }
  const std::string advice = instead_of_exception(group);
  out["exception"] = advice.empty() ? json(exception_text(group, utc_now())) : json();
  out["instead"] = advice.empty() ? json() : json(advice);
  return out;
}

void print_why_json(const UsageScope& scope, const std::string& who, const KnownPolicy& policy,
                    const ClientUsage& found) {
  json out{{"who", who},
           {"addresses", found.addresses},
           {"accesses", found.accesses},
           {"blocked", found.blocked},
           {"observed", found.observed},
           {"left_out", found.left_out},
           {"last", found.last_ns == 0 ? json()
                                       : json{{"time", utc_text(found.last_ns)},
                                              {"asked", found.last_asked},
                                              {"action", found.last_action}}},
           {"policy", policy.name.empty() ? json() : json(policy.name)},
           {"entries_sought", std::min(found.blocks.size(), kEntriesSought)},
           {"blocks", json::array()}};
  for (const BlockedGroup& each : found.blocks) {
    const bool sought = out["blocks"].size() < kEntriesSought;
    out["blocks"].push_back(group_json(policy, each, sought ? place_of_entry(policy, each) : std::nullopt));
  }
  add_period(out, scope, found.findings);
  std::cout << out.dump(2, ' ', false, json::error_handler_t::replace) << "\n";
}

void print_line(const char* label, const std::string& text) {
  std::string head = "  " + std::string(label);
  head.resize(kLabelEnd, ' ');
  std::cout << head << wrapped(printable(text), output_width(), kLabelEnd) << "\n";
}

/// A path is shortened where it must be: it has no blanks to break it at.
void print_place(const char* label, const std::string& text) {
  const size_t width = output_width();
  print_line(label, width == kNoWidth
                        ? text
                        : shortened(printable(text), width > 2 * kLabelEnd ? width - kLabelEnd : width));
}

void print_group(const KnownPolicy& policy, const BlockedGroup& group) {
  const std::string port = group.port == 0 ? "" : ":" + std::to_string(group.port);
  std::cout << "\n"
            << coloured(Colour::Bold, shortened(printable(group.asked + port), output_width())) << "\n";
  print_line("blocked", (group.count == 1 ? std::string("once") : grouped(group.count) + " times") +
                            ", last " + minute_text(group.last_ns) +
                            (group.protocol.empty() ? "" : ", " + group.protocol));
  std::string pages;
  const auto all = pages_of(group);
  for (size_t i = 0; i < std::min(all.size(), kPagesShown); ++i) {
    pages += (i == 0 ? "" : ", ") + all[i].first + " (" + grouped(all[i].second) + ")";
  }
  print_line("page", pages.empty() ? "none: nothing allowed was asked for within 10 s of it" : pages);
  print_line("because", because_text(group));
  if (const std::string place = place_of_rule(policy, group.rule); !place.empty()) {
    print_place("rule", place);
  }
  if (const auto entry = place_of_entry(policy, group); entry) {
    print_place("entry", entry->entry);
    print_place("entry at", to_string(*entry));
  } else if (has_entry(policy, group)) {
    print_line("entry", "none of " + group.list + " takes it, as the list is now");
  }
  if (const std::string advice = instead_of_exception(group); !advice.empty()) {
    print_line("to open", advice);
  } else {
    print_line("to open", "where that is right, into a file of the policy:");
    std::cout << harmless_lines(exception_text(group, utc_now()));
  }
}

/// What is known of a client that asked for nothing in that time.
void print_unseen(const UsageScope& scope, const std::vector<std::string>& clients) {
  ClientUsage ever;
  for (const std::string& each : clients) {
    UsageScope all{.log = scope.log, .query = {.from = each}, .progress = scope.progress};
    ClientUsage found;
    if (!finish_reading(find_blocks(all, found), found.findings)) {
      return;
    }
    merge(ever, std::move(found));
  }
  std::cout << wrapped(ever.accesses == 0
                           ? clients.front() + " is unknown: the log has no access of it at all"
                           : clients.front() + " asked for nothing " + period_text(scope) +
                                 "; its last access was " + minute_text(ever.last_ns) +
                                 " UTC: " + printable(ever.last_asked) + ", " + ever.last_action,
                       output_width(), 0)
            << "\n";
}

void print_why(const UsageScope& scope, const std::string& who, const KnownPolicy& policy,
               const ClientUsage& found) {
  const size_t width = output_width();
  std::cout << wrapped(who + ": " + (found.blocked == 0 ? "nothing" : grouped(found.blocked)) +
                           " blocked of " + accesses_text(found.accesses) + " " + period_text(scope),
                       width, 0)
            << "\n";
  if (found.observed != 0) {
    std::cout << wrapped(grouped(found.observed) + " passed only because it is observed", width, 0) << "\n";
  }
  if (found.blocked == 0) {
    std::cout << wrapped("its last access: " + minute_text(found.last_ns) + " " +
                             printable(found.last_asked) + ", " + found.last_action,
                         width, 0)
              << "\n";
  }
  for (size_t i = 0; i < std::min(found.blocks.size(), kGroupsShown); ++i) {
    print_group(policy, found.blocks[i]);
  }
  if (found.blocks.size() > kGroupsShown) {
    std::cout << "\n"
              << wrapped("and " + grouped(found.blocks.size() - kGroupsShown) + " more names; --json has all",
                         width, 0)
              << "\n";
  }
  if (found.left_out) {
    std::cout << wrapped("more came than is kept: older ones of them are left out; ask for less time", width,
                         0)
              << "\n";
  }
}

}  // namespace

int run_why(const std::string& socket, const WhyCommand& command) {
  if (const std::string why = wrong_with(command.who); !why.empty()) {
    return cannot_do(why);
  }
  KnownPolicy policy;
  if (!find_policy(command.policy, command.feeds, socket, "", policy)) {
    return kCannot;
  }
  const std::vector<std::string> clients = clients_of(command.who, policy.facts);
  UsageScope scope;
  if (command.last.empty() || !read_period({.log = command.log, .since = command.last, .until = {}}, scope)) {
    return command.last.empty() ? cannot_do("--last is how far to look back, as 15m") : kCannot;
  }
  hint_at_pseudonyms(command.log, command.who);
  note_reading(socket, "why", {{"from", command.who}, {"since", command.last}, {"log", command.log}});
  ClientUsage found;
  for (const std::string& each : clients) {
    scope.query.from = each;
    ClientUsage one;
    if (!finish_reading(find_blocks(scope, one), one.findings)) {
      return kCannot;
    }
    merge(found, std::move(one));
  }
  if (command.json) {
    print_why_json(scope, command.who, policy, found);
  } else if (found.accesses == 0) {
    print_unseen(scope, clients);
  } else {
    print_why(scope, command.who, policy, found);
  }
  return kDone;
}

}  // namespace sluice::control
