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

}  // namespace sluice::control
