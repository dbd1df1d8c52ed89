// control: what `sluicectl status` shows of the data plane and the log.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "control/accesslog/access_log.h"
#include "control/link/shared_region.h"
#include "control/registry/radius_server.h"
#include "control/registry/registry.h"
#include "control/witness/witness.h"

namespace sluice::control {

/// region: may be nullptr, where no data plane has been there yet.
[[nodiscard]] nlohmann::json data_plane_status(const SharedRegion* region, bool up,
                                               const nlohmann::json& generation);
/// key: fingerprint of the key that signs the log.
[[nodiscard]] nlohmann::json log_status(const AccessLog::Counts& counts, const std::string& directory,
                                        const std::string& key, const WitnessStatus& witness);

/// Who is known, and how many records bear a name.
[[nodiscard]] nlohmann::json identity_status(const Registry& registry, const RadiusServer::Counts& radius,
                                             bool listens);

}  // namespace sluice::control
