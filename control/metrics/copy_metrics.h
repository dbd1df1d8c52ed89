// control/metrics: what Prometheus reads of the copies of the access log.
#pragma once

#include <prometheus/metric_family.h>

#include <vector>

#include "control/copies/copies.h"

namespace sluice::control {

/// Appends their families, labelled by the copies' names.
void add_copies(const std::vector<CopyStatus>& copies, std::vector<prometheus::MetricFamily>& out);

}  // namespace sluice::control
