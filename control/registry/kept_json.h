// control/registry: holdings as JSON, to be kept over a restart.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "control/registry/store.h"

namespace sluice::control {

// What is read back throws json::exception where it is none of ours. Names may be any bytes, so they stand as
// digits.
[[nodiscard]] nlohmann::json kept_text(const std::string& text);
[[nodiscard]] std::string text_from_kept(const nlohmann::json& value);
[[nodiscard]] nlohmann::json kept_key(const HoldingKey& key);
[[nodiscard]] HoldingKey key_from_kept(const nlohmann::json& value);
[[nodiscard]] nlohmann::json kept_holding(const HoldingStore::Found& found);
[[nodiscard]] HoldingStore::Found holding_from_kept(const nlohmann::json& value);

}  // namespace sluice::control
