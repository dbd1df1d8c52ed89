// control/metrics: whether lines answer.
#pragma once

#include <prometheus/metric_family.h>

#include <vector>

#include "control/link/shared_region.h"
#include "control/policy/policy_terms.h"

namespace sluice::control {

/// The figures of each line, summed over the workers: who served a client tells nobody anything.
void add_line_figures(const SharedRegion& region, std::vector<prometheus::MetricFamily>& out);

/// What is left of each line's term, and what becomes of it then. utc_s: now.
void add_line_terms(const PolicyTerms& terms, int64_t utc_s, std::vector<prometheus::MetricFamily>& out);

}  // namespace sluice::control
