// control/metrics: what Prometheus reads of the access log, its term and its witness.
#pragma once

#include <prometheus/metric_family.h>

#include <vector>

#include "control/accesslog/access_log.h"
#include "control/keep/keeper.h"
#include "control/witness/witness.h"

namespace sluice::control {

/// Each appends its families.
void add_log(const AccessLog::Counts& log, std::vector<prometheus::MetricFamily>& out);
void add_keep(const KeepFigures& keep, std::vector<prometheus::MetricFamily>& out);
void add_witness(const WitnessStatus& witness, std::vector<prometheus::MetricFamily>& out);

}  // namespace sluice::control
