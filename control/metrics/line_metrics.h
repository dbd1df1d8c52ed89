// control/metrics: whether lines answer.
#pragma once

#include <prometheus/metric_family.h>

#include <vector>

#include "control/link/shared_region.h"

namespace sluice::control {

/// The figures of each line, summed over the workers: who served a client tells nobody anything.
void add_line_figures(const SharedRegion& region, std::vector<prometheus::MetricFamily>& out);

}  // namespace sluice::control
