// control/cli: sluicectl rules.
#include "control/usage/rules.h"

#include <algorithm>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>

#include "control/base/clock.h"
#include "control/base/json_fields.h"
#include "control/base/utc.h"
#include "control/cli/asks.h"
#include "control/cli/client.h"
#include "control/cli/commands.h"
#include "control/cli/policies.h"
#include "control/cli/table.h"
#include "control/cli/terminal.h"
#include "control/policy/policy_compiler.h"
#include "control/policy/utf8.h"
#include "control/usage/hits.h"
#include "control/usage/top.h"

namespace sluice::control {
namespace {

using nlohmann::json;
constexpr const char* kUsualPolicy = "/etc/sluice/policies";
constexpr std::chrono::days kSoon{14};  ///< an exception that ends within that is told of

/// What was counted, and since when.
struct Counted {
  int64_t since_ns = 0, until_ns = 0;
  std::map<std::string, RuleHit> rules;
};

/// A rule of the policy, with what it did.
struct RuleUse {
  RuleFacts facts;
  RuleHit hit;
  bool is_expired(std::chrono::sys_seconds now) const { return facts.expires && *facts.expires <= now; }
  bool ends_soon(std::chrono::sys_seconds now) const {
    return facts.expires && *facts.expires > now && *facts.expires - now <= kSoon;
  }
};

bool count_in_log(const std::string& log, Counted& out) {
  UsageScope scope;
  TopFound found;
  if (!read_period({.log = log, .since = {}, .until = {}}, scope) ||
      !finish_reading(find_top(scope, {.by = TopBy::Rules, .limit = RuleHits::kMaxRules}, found),
                      found.findings)) {
    return false;
  }
  if (found.keys != 0) {
    out.since_ns = found.all.first_ns;
    out.until_ns = found.all.last_ns;
  }
  for (const UsageRow& row : found.rows) {
    out.rules[row.key] = {row.count.accesses, row.count.last_ns};
  }
  return true;
}

bool ask_daemon(const std::string& socket, Counted& out) {
  const auto answer = ask(socket, {{"command", "hits"}});
  if (!answer) {
    std::cerr << "sluicectl: --log DIR counts in the log itself, without the daemon\n";
    return false;
  }
  if (answer->contains("error")) {
    std::cerr << "sluicectl: " << text_at(*answer, "error") << "\n";
    return false;
  }
  out.since_ns = parse_utc(text_at(*answer, "since")).value_or(0);
  out.until_ns = parse_utc(text_at(*answer, "until")).value_or(0);
  for (const json& each : answer->value("rules", json::array())) {
    out.rules[text_at(each, "name")] = {number_at(each, "hits"),
                                        parse_utc(text_at(each, "last")).value_or(0)};
  }
  return true;
}

std::string day_text(std::chrono::sys_seconds moment) {
  constexpr size_t kDay = sizeof "2026-11-23" - 1;
  return minute_text(std::chrono::nanoseconds(moment.time_since_epoch()).count()).substr(0, kDay);
}

json use_json(const RuleUse& use, std::chrono::sys_seconds now) {
  const RuleFacts& facts = use.facts;
  json out{{"name", facts.name},
           {"kind", kRuleKindWords[static_cast<size_t>(facts.kind)]},
           {"where", facts.where},
           {"hits", use.hit.hits},
           {"last", use.hit.last_ns == 0 ? json() : json(utc_text(use.hit.last_ns))}};
  if (!facts.owner.empty()) {
    out["owner"] = facts.owner;
  }
  if (facts.kind == RuleKind::Exception) {
    out["ticket"] = facts.ticket;
    out["expires"] = facts.expires
                         ? json(utc_text(std::chrono::nanoseconds(facts.expires->time_since_epoch()).count()))
                         : json();
    out["expired"] = use.is_expired(now);
    out["expires_soon"] = use.ends_soon(now);
  }
  return out;
}

/// Everything that is shown.
struct RulesShown {
  std::string policy;
  Counted hits;
  std::vector<RuleUse> uses;
  std::vector<std::string> gone;     ///< names that have hits, and that the policy has not
  std::vector<CoveredRule> covered;  ///< with can_cover
  bool can_cover = false;            ///< the policy could be compiled
};

void print_rules_json(const RulesShown& shown, std::chrono::sys_seconds now) {
  const auto moment = [](int64_t time_ns) { return time_ns == 0 ? json() : json(utc_text(time_ns)); };
  json out{{"policy", shown.policy},
           {"since", moment(shown.hits.since_ns)},
           {"until", moment(shown.hits.until_ns)},
           {"rules", json::array()},
           {"not_in_policy", json::array()},
           {"covered", shown.can_cover ? json::array() : json()}};
  for (const RuleUse& use : shown.uses) {
    out["rules"].push_back(use_json(use, now));
  }
  for (const CoveredRule& each : shown.covered) {
    out["covered"].push_back({{"rule", each.rule},
                              {"where", each.place},
                              {"by", each.by},
                              {"by_where", each.by_place},
                              {"what", to_string(each)}});
  }
  for (const std::string& name : shown.gone) {
    const RuleHit& hit = shown.hits.rules.at(name);
    out["not_in_policy"].push_back({{"name", name}, {"hits", hit.hits}, {"last", moment(hit.last_ns)}});
  }
  std::cout << out.dump(2, ' ', false, json::error_handler_t::replace) << "\n";
}

void print_heading(const std::string& text) {
  std::cout << "\n" << coloured(Colour::Bold, wrapped(text, output_width(), 0)) << "\n";
}

void print_entry(const std::string& text) {
  std::cout << "  " << wrapped(printable(text), output_width(), 2) << "\n";
}

void print_exceptions(const std::vector<RuleUse>& uses, std::chrono::sys_seconds now) {
  bool headed = false;
  for (const RuleUse& use : uses) {
    const RuleFacts& facts = use.facts;
    if (facts.kind != RuleKind::Exception) {
      continue;
    }
    if (!std::exchange(headed, true)) {
      print_heading("exceptions");
    }
    const std::string when = !facts.expires        ? "without an end"
                             : use.is_expired(now) ? "EXPIRED " + day_text(*facts.expires)
                             : use.ends_soon(now)  ? "ends soon, " + day_text(*facts.expires)
                                                   : "ends " + day_text(*facts.expires);
    std::cout << "  "
              << coloured(use.is_expired(now) || use.ends_soon(now) ? Colour::Yellow : Colour::Green,
                          wrapped(printable(facts.name + ": " + when + ", of " + facts.owner + ", " +
                                            facts.ticket),
                                  output_width(), 2))
              << "\n";
  }
}

void print_uses(const RulesShown& shown) {
  std::vector<std::vector<std::string>> rows;
  for (const RuleUse& use : shown.uses) {
    rows.push_back({grouped(use.hit.hits), minute_text(use.hit.last_ns),
                    std::string(kRuleKindWords[static_cast<size_t>(use.facts.kind)]),
                    printable(use.facts.name)});
  }
  std::cout << table_text({{"hits"}, {"last (UTC)", 1}, {"", 2}, {"rule"}}, rows, output_width());
  bool headed = false;
  for (const RuleUse& use : shown.uses) {
    if (use.hit.hits == 0) {
      if (!std::exchange(headed, true)) {
        print_heading("without a hit since then");
      }
      print_entry(use.facts.name + ", " + use.facts.where.substr(use.facts.where.rfind('/') + 1));
    }
  }
}

void print_rules(const RulesShown& shown, std::chrono::sys_seconds now) {
  const Counted& hits = shown.hits;
  std::cout << wrapped(hits.since_ns == 0 ? "no access was recorded yet"
                                          : "hits since " + minute_text(hits.since_ns) + " until " +
                                                minute_text(hits.until_ns) + " UTC",
                       output_width(), 0)
            << "\n";
  print_uses(shown);
  if (!shown.covered.empty()) {
    print_heading("never decides, as an earlier one covers it");
    for (const CoveredRule& each : shown.covered) {
      print_entry(each.place.substr(each.place.rfind('/') + 1) + ": " + to_string(each));
    }
  }
  print_exceptions(shown.uses, now);
  if (!shown.gone.empty()) {
    print_heading("hit, but not in the policy any more");
    for (const std::string& name : shown.gone) {
      print_entry(name + ": " + grouped(hits.rules.at(name).hits) + ", last " +
                  minute_text(hits.rules.at(name).last_ns));
    }
  }
}

/// Compiles the policy, as only that shows which rules are covered.
void find_covered_rules(const KnownPolicy& policy, RulesShown& out) {
  Compiled compiled = policy.written->compile();
  if (!compiled.policy) {
    std::cerr << "sluicectl: which rules never decide is not known: the policy cannot be compiled here: "
              << to_string(compiled.diagnostics.front()) << "\n";
    return;
  }
  out.can_cover = true;
  out.covered = std::move(compiled.policy->covered);
}

}  // namespace

int run_rules(const std::string& socket, const RulesCommand& command) {
  KnownPolicy policy;
  if (!find_policy(command.policy, command.feeds, socket, kUsualPolicy, policy)) {
    return kCannot;
  }
  RulesShown shown{.policy = policy.name};
  if (!(command.log.empty() ? ask_daemon(socket, shown.hits) : count_in_log(command.log, shown.hits))) {
    return kCannot;
  }
  for (const RuleFacts& facts : policy.facts.rules) {
    const auto found = shown.hits.rules.find(facts.name);
    shown.uses.push_back({facts, found == shown.hits.rules.end() ? RuleHit{} : found->second});
  }
  for (const auto& [name, hit] : shown.hits.rules) {
    const bool there = std::any_of(shown.uses.begin(), shown.uses.end(),
                                   [&name = name](const RuleUse& use) { return use.facts.name == name; });
    // What no rule decided stands in brackets.
    if (!there && !name.starts_with('(')) {
      shown.gone.push_back(name);
    }
  }
  find_covered_rules(policy, shown);
  const auto now = utc_now();
  command.json ? print_rules_json(shown, now) : print_rules(shown, now);
  return kDone;
}

}  // namespace sluice::control
