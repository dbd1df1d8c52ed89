// control/metrics: the families of who it was.
#pragma once

#include <prometheus/metric_family.h>

#include <vector>

#include "control/registry/radius_server.h"
#include "control/registry/registry.h"

namespace sluice::control {

void add_identity(const Registry& registry, const RadiusServer::Counts& radius,
                  std::vector<prometheus::MetricFamily>& out);

}  // namespace sluice::control
