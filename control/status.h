// control: what `sluicectl status` shows of the data plane and the log.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "control/accesslog/access_log.h"
#include "control/link/shared_region.h"

namespace sluice::control {

/// region: may be nullptr, where no data plane has been there yet.
[[nodiscard]] nlohmann::json data_plane_status(const SharedRegion* region, bool up,
                                               const nlohmann::json& generation);
[[nodiscard]] nlohmann::json log_status(const AccessLog::Counts& counts, const std::string& directory);

}  // namespace sluice::control
