// control/metrics: whether lines answer.
#pragma once

#include <prometheus/metric_family.h>

#include <vector>

#include "control/lines/line_watch.h"
#include "control/link/shared_region.h"
#include "control/policy/policy_terms.h"

namespace sluice::control {

/// The figures of each line, summed over the workers: who served a client tells nobody anything.
void add_line_figures(const SharedRegion& region, std::vector<prometheus::MetricFamily>& out);

/// Who is at fault: of each line one series for each verdict, and 1 in the one that holds.
void add_line_verdicts(const std::vector<LineVerdict>& verdicts, std::vector<prometheus::MetricFamily>& out);

/// What the policy says of the lines that region has.
void add_line_bandwidths(const SharedRegion& region, const PolicyTerms& terms,
                         std::vector<prometheus::MetricFamily>& out);

/// What is left of each line's term, and what becomes of it then. utc_s: now.
void add_line_terms(const PolicyTerms& terms, int64_t utc_s, std::vector<prometheus::MetricFamily>& out);

}  // namespace sluice::control
