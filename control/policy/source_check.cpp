// control/policy: checks the parts of a policy against each other.
#include "control/policy/source_check.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <unordered_map>

#include "control/policy/source_loader.h"
#include "dataplane/contract/image.h"

namespace sluice::control {
namespace {

/// Words of one name space, each declared once.
class NameSpace {
 public:
  explicit NameSpace(Report& report) : report_(report) {}
  void declare(const Word& word, std::string_view as) {
    const auto [first, fresh] = words_.try_emplace(word.text, word.at, as);
    if (fresh || word.text.empty()) return;
    report_.error(word.at, in_quotes(word.text) + " is declared twice",
                  "it is " + std::string(first->second.second) + " at " +
                      report_.text_of(first->second.first) + " already: rename one");
  }
  bool has(const std::string& word) const { return words_.contains(word); }
  std::vector<std::string_view> words() const {
    std::vector<std::string_view> out;
    for (const auto& [word, where] : words_) out.push_back(word);
    std::ranges::sort(out);  // so that a message does not depend on the hash
    return out;
  }

 private:
  Report& report_;
  std::unordered_map<std::string, std::pair<Position, std::string_view>> words_;
};

void check_required(const PolicySource& source, Report& report) {
  if (!source.complete) return;
  if (!source.site) report.error({}, "the policy has no `site`", "write site: my-office");
  if (source.networks.empty()) {
    report.error({}, "the policy has no `networks`, so nobody would get through",
                 "write networks: {staff: {prefixes: [10.20.0.0/16], line: my-line, default: block}}");
  }
}

void check_limits(const PolicySource& source, Report& report) {
  const auto check = [&](size_t count, size_t limit, std::string_view what, Position at) {
    if (count > limit) {
      report.error(at, "more than " + std::to_string(limit) + ' ' + std::string(what),
                   "put some of them together");
    }
  };
  if (!source.lines.empty()) check(source.lines.size(), kMaxLines, "lines", source.lines.back().name.at);
  if (!source.networks.empty())
    check(source.networks.size(), kMaxNetworks, "networks", source.networks.back().name.at);
  const size_t rules =
      kRulesOfTunnel * source.tunnels.size() + source.exceptions.size() + source.rules.size();
  if (rules > 0)
    check(rules, kMaxRules, "rules, exceptions and tunnels",
          !source.rules.empty()        ? source.rules.back().name.at
          : !source.exceptions.empty() ? source.exceptions.back().rule.name.at
                                       : source.tunnels.back().name.at);
}

void check_names(const PolicySource& source, Report& report) {
  NameSpace lines(report), words(report), rules(report), holidays(report), schedules(report), users(report),
      copies(report), leases(report), alarms(report);
  for (const HolidaysSource& one : source.holidays) holidays.declare(one.name, "a register of holidays");
  for (const ScheduleSource& schedule : source.schedules) schedules.declare(schedule.name, "a schedule");
  for (const UserSource& user : source.users) users.declare(user.name, "a user");
  for (const LineSource& line : source.lines) lines.declare(line.name, "a line");
  for (const NetworkSource& network : source.networks) words.declare(network.name, "a network");
  for (const OfficeSource& office : source.offices) words.declare(office.name, "an office");
  for (const ListSource& list : source.lists) words.declare(list.name, "a list");
  for (const TunnelSource& tunnel : source.tunnels) rules.declare(tunnel.name, "a tunnel");
  for (const ExceptionSource& exception : source.exceptions)
    rules.declare(exception.rule.name, "an exception");
  for (const RuleSource& rule : source.rules) rules.declare(rule.name, "a rule");
  for (const LogCopySource& copy : source.log.copies) copies.declare(copy.name, "a copy");
  for (const LeasesSource& each : source.identity.leases) leases.declare(each.name, "leases");
  for (const AlarmSource& alarm : source.alarms.rules) alarms.declare(alarm.name, "an alarm");
  if (!source.complete) return;
  for (const NetworkSource& network : source.networks) {
    if (!network.line || lines.has(network.line->text)) continue;
    const std::string_view near = nearest(network.line->text, lines.words());
    report.error(
        network.line->at, "no line is named " + in_quotes(network.line->text),
        near.empty() ? "declare it under `lines`, or write none" : "did you mean " + std::string(near) + "?");
  }
}

bool vlans_overlap(const NetworkSource& a, const NetworkSource& b) {
  if (a.vlans.empty() || b.vlans.empty()) return true;
  return std::ranges::any_of(a.vlans,
                             [&](uint16_t vlan) { return std::ranges::binary_search(b.vlans, vlan); });
}

/// Two networks with one prefix must differ in their VLANs, or the longest prefix could not decide.
void check_overlaps(const PolicySource& source, Report& report) {
  struct Entry {
    Prefix prefix;
    Position at;
    const NetworkSource* network;
  };
  std::vector<Entry> entries;
  for (const NetworkSource& network : source.networks) {
    for (const PrefixSource& prefix : network.prefixes)
      entries.push_back({prefix.prefix, prefix.at, &network});
  }
  std::ranges::stable_sort(entries, {}, &Entry::prefix);
  for (size_t i = 0; i < entries.size(); ++i) {
    for (size_t j = i; j-- > 0 && entries[j].prefix == entries[i].prefix;) {
      const Entry &first = entries[j], &second = entries[i];
      const std::string prefix = to_string(first.prefix);
      if (first.network == second.network) {
        report.warn(second.at, prefix + " is given twice in this network", "leave one out");
        break;
      }
      if (vlans_overlap(*first.network, *second.network)) {
        report.error(second.at,
                     prefix + " belongs to the network " + in_quotes(first.network->name.text) +
                         " too, and so do its VLANs",
                     "it stands at " + report.text_of(first.at) +
                         ": give each `vlans` of its own, or one a longer prefix");
        break;
      }
    }
  }
}

void check_addresses(const PolicySource& source, Report& report) {
  for (const NetworkSource& network : source.networks) {
    if (!network.public_reason.empty()) continue;
    for (const PrefixSource& prefix : network.prefixes) {
      if (is_private(prefix.prefix)) continue;
      report.error(prefix.at, to_string(prefix.prefix) + " is public address space, on the LAN side",
                   "hosts on the line have private addresses; if these must not, write in the network "
                   "public-reason: why");
    }
  }
  const auto registered = [&](const Address& address) {
    for (const NetworkSource& network : source.networks) {
      for (const PrefixSource& prefix : network.prefixes) {
        if (contains(prefix.prefix, address)) return true;
      }
    }
    return false;
  };
  if (!source.complete) return;
  for (const PrefixSource& resolver : source.resolvers) {
    if (registered(resolver.prefix.address)) continue;
    report.warn(resolver.at,
                "the resolver " + to_string(resolver.prefix) + " is in no network, so it is refused",
                "register its network");
  }
}

/// Nobody's data leaves the country by mistake, and a log without a witness is one that its keeper could
/// write anew.
void check_log(const PolicySource& source, Report& report) {
  const LogSource& log = source.log;
  if (!source.complete || !log.at) return;
  if (!log.witness_given()) {
    report.warn(*log.at, "the log has no `witness`, so whoever holds this machine could write another log",
                "write witness: {folder: /mnt/witness}, on a machine of somebody else's");
  }
  const std::vector<LogKeeper>& keepers = log.said.keepers;
  for (size_t i = 0; i < keepers.size(); ++i) {
    for (size_t k = 0; k < i; ++k) {
      if (keepers[i].key != keepers[k].key) continue;
      report.error(*log.given[4],
                   in_quotes(keepers[i].name) + " has the key of " + in_quotes(keepers[k].name),
                   "each keeper has a key that nobody else has: two persons, not one");
    }
  }
  if (keepers.size() == kMinKeepers) {
    report.warn(*log.given[4],
                "there are two `keepers`, so where one of them loses the key, nobody can undo a pseudonym",
                "name a third one: any two of them will do");
  }
  for (const LogCopySource& each : log.copies) {
    if (each.copy.country.empty() || !gets_pseudonyms(log.said, each.copy)) continue;
    report.warn(each.country_at,
                "the copy " + in_quotes(each.name.text) + " leaves " + log.said.country + " for " +
                    each.copy.country + " without a `basis`, so it gets pseudonyms instead of people",
                "write basis: what allows personal data to leave, as the number of a standard contract");
  }
}

/// An alarm that nobody hears is seen by whoever looks.
void check_alarms(const PolicySource& source, Report& report) {
  const AlarmsSource& alarms = source.alarms;
  if (alarms.rules.size() > kMaxAlarms) {
    report.error(alarms.rules[kMaxAlarms].name.at,
                 "there are " + std::to_string(alarms.rules.size()) + " alarms",
                 "at most " + std::to_string(kMaxAlarms) + " are possible");
  }
  if (!source.complete || alarms.rules.empty() || !alarms.said.webhook.empty() ||
      !alarms.said.mail.smtp.empty()) {
    return;
  }
  report.warn(*alarms.at,
              "nobody is told of the alarms: they show in `sluicectl status` and in the metrics alone",
              "write to: {webhook: \"https://alarms.example/sluice\"}, or to: {mail: {…}}");
}

}  // namespace

void check_source(const PolicySource& source, Report& report) {
  check_required(source, report);
  check_limits(source, report);
  check_names(source, report);
  check_overlaps(source, report);
  check_addresses(source, report);
  check_log(source, report);
  check_identity(source, report);
  check_alarms(source, report);
}

}  // namespace sluice::control
