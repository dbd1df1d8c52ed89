// control/reload: what the API says of policies.
#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>

#include "control/policy/diagnostics.h"
#include "control/reload/compiler.h"

namespace sluice::control {

[[nodiscard]] size_t error_count(const Diagnostics& diagnostics);
/// A problem as the API shows it.
[[nodiscard]] nlohmann::json to_json(const Diagnostics& diagnostics);
[[nodiscard]] nlohmann::json to_json(const PolicyFacts& facts);

}  // namespace sluice::control
