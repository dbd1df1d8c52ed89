// control/metrics: what comes of the policy's rules and networks, and what of it ends.
#pragma once

#include <prometheus/metric_family.h>

#include <string>
#include <vector>

#include "control/policy/policy_terms.h"
#include "control/reload/reloader.h"
#include "control/usage/hits.h"
#include "control/usage/name_counts.h"

namespace sluice::control {

/// Exceptions whose end is shown each by itself, those that end first; the rest is one series, with the first
/// of its ends.
inline constexpr size_t kMaxExceptionSeries = 50;

/// rules: the names of all rules, exceptions and tunnels in force, in their order.
void add_rule_figures(const std::vector<std::string>& rules, const RuleHits& hits, const AccessCounts& counts,
                      std::vector<prometheus::MetricFamily>& out);

/// What is in force, what waits, and how reloads went.
void add_policy(const Reloader::Counts& policy, std::vector<prometheus::MetricFamily>& out);

void add_exception_ends(const PolicyTerms& terms, std::vector<prometheus::MetricFamily>& out);

}  // namespace sluice::control
