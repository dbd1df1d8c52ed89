// control/registry: what cannot be read again, kept over a restart.
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

namespace sluice::control {

/// Writes value, with its SHA-256 before it, whole or not at all; nobody else may read it, as it names
/// people. Returns an empty string, or why not.
[[nodiscard]] std::string keep_state(const std::filesystem::path& path, const nlohmann::json& value);
/// Reads it back. Nothing where there is none, or where it is not as it was written: then it is set aside,
/// under another name, and problem says so.
[[nodiscard]] std::optional<nlohmann::json> read_state(const std::filesystem::path& path,
                                                       std::string& problem);
/// Sets it aside: it was whole, and is none of ours.
[[nodiscard]] std::string set_state_aside(const std::filesystem::path& path, const std::string& why);

}  // namespace sluice::control
