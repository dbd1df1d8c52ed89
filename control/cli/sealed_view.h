// control/cli: what was found of a sealed file.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "control/sealed/sealed_file.h"

namespace sluice::control {

[[nodiscard]] nlohmann::json sealed_json(const SealedFindings& found, const SigningKey& key);
/// Prints the problems, and whether it was altered.
void show_sealed(const SealedFindings& found, const SigningKey& key);

}  // namespace sluice::control
