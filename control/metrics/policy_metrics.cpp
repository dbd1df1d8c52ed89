// control/metrics: what comes of the policy's rules and networks, and what of it ends.
#include "control/metrics/policy_metrics.h"

#include <algorithm>

#include "control/metrics/family.h"

namespace sluice::control {
namespace {

constexpr double kSecondsPerNs = 1e-9;

void add_actions(Family& family, std::string_view label, std::string_view name,
                 const NameCounts::Actions& accesses) {
  for (size_t action = 0; action < kActionCount; ++action) {
    family.add(accesses[action], {{label, name}, {"action", kActionWords[action]}});
  }
}

Family accesses_by(std::string_view label, const NameCounts& counts, const char* name, const char* help) {
  Family out = Family::counter(name, help);
  for (const auto& [each, accesses] : counts.names()) {
    add_actions(out, label, each, accesses);
  }
  add_actions(out, label, kOtherName, counts.rest());
  return out;
}

}  // namespace

void add_rule_figures(const std::vector<std::string>& rules, const RuleHits& hits, const AccessCounts& counts,
                      std::vector<prometheus::MetricFamily>& out) {
  accesses_by(
      "rule", counts.rules, "sluice_rule_accesses_total",
      "Accesses in the log that a rule, an exception or a tunnel decided or marked, since control began.")
      .move_to(out);
  accesses_by("network", counts.networks, "sluice_network_accesses_total",
              "Accesses in the log of clients of a network, since control began.")
      .move_to(out);
  uint64_t unused = 0;
  Family last = Family::gauge("sluice_rule_last_hit_timestamp_seconds",
                              "When a rule in force decided last, by the log; 0: never.");
  for (const std::string& rule : rules) {
    const auto hit = hits.rules.find(rule);
    const int64_t last_ns = hit == hits.rules.end() ? 0 : hit->second.last_ns;
    unused += last_ns == 0;
    if (counts.rules.names().contains(rule)) {
      last.add(static_cast<double>(last_ns) * kSecondsPerNs, {{"rule", rule}});
    }
  }
  last.move_to(out);
  Family::gauge("sluice_policy_rules", "Rules, exceptions and tunnels in force, by whether one ever decided.")
      .add(static_cast<uint64_t>(rules.size()) - unused, {{"used", "yes"}})
      .add(unused, {{"used", "no"}})
      .move_to(out);
}

void add_exception_ends(const PolicyTerms& terms, std::vector<prometheus::MetricFamily>& out) {
  Family ends = Family::gauge("sluice_exception_ends_timestamp_seconds",
                              "When an exception in force ends; of all the others the first one.");
  int64_t others_s = 0;
  size_t shown = 0;
  for (const ExceptionTerm& each : terms.exceptions) {
    if (shown < kMaxExceptionSeries && each.name != kOtherName) {
      ends.add(static_cast<double>(each.ends_s), {{"exception", each.name}});
      ++shown;
    } else {
      others_s = others_s == 0 ? each.ends_s : std::min(others_s, each.ends_s);
    }
  }
  if (others_s != 0) {
    ends.add(static_cast<double>(others_s), {{"exception", kOtherName}});
  }
  ends.move_to(out);
}

void add_policy(const Reloader::Counts& policy, std::vector<prometheus::MetricFamily>& out) {
  Family::gauge("sluice_policy_generation",
                "Generation of the policy in force, as the data plane says; 0: none.")
      .add(uint64_t{policy.generation})
      .move_to(out);
  Family::gauge("sluice_policy_wanted_generation",
                "Generation of the policy that control would have in force; 0: none.")
      .add(uint64_t{policy.wanted_generation})
      .move_to(out);
  Family::gauge("sluice_policy_valid", "1 where the policy directory, as last compiled, is valid.")
      .add(policy.valid ? 1.0 : 0.0)
      .move_to(out);
  Family::gauge("sluice_policy_errors", "Errors in the policy directory as last compiled.")
      .add(policy.errors)
      .move_to(out);
  Family::gauge("sluice_policy_pending", "1 where a saved change is not in force.")
      .add(policy.pending ? 1.0 : 0.0)
      .move_to(out);
  Family::gauge("sluice_policy_unconfirmed", "1 where what was applied is gone back from unless confirmed.")
      .add(policy.unconfirmed ? 1.0 : 0.0)
      .move_to(out);
  Family::gauge("sluice_bypass", "1 while a bypass lets everything pass.")
      .add(policy.bypass.holds(utc_now().time_since_epoch().count()) ? 1.0 : 0.0)
      .move_to(out);
  Family::gauge("sluice_policy_compile_seconds", "How long the last compilation took.")
      .add(policy.compile_seconds)
      .move_to(out);
  Family::counter("sluice_policy_compilations_total", "Compilations that ended, with a policy or without.")
      .add(policy.compiled)
      .move_to(out);
  Family::gauge("sluice_policy_history_alterations",
                "Places at which the history was found altered at the start.")
      .add(policy.alterations)
      .move_to(out);
  Family::counter("sluice_policy_reloads_total", "Policies that were to be enforced, by what became of them.")
      .add(policy.enforced, {{"action", "enforced"}})
      .add(policy.refused, {{"action", "refused"}})
      .add(policy.invalid, {{"action", "invalid"}})
      .move_to(out);
}

}  // namespace sluice::control
