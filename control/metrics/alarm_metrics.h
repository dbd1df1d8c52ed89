// control/metrics: what Prometheus reads of the alarms.
#pragma once

#include <prometheus/metric_family.h>

#include <vector>

#include "control/alarms/alarm_thread.h"

namespace sluice::control {

/// Appends their families, labelled by the alarms' names, and by how somebody is told; never by whom an alarm
/// is about.
void add_alarms(const AlarmStatus& status, std::vector<prometheus::MetricFamily>& out);

}  // namespace sluice::control
