// control/cli: asks the daemon.
#pragma once

#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "control/base/unique_fd.h"

namespace sluice::control {

/// Whether somebody listens there; error: why not.
[[nodiscard]] bool is_daemon_there(const std::string& socket, std::string& error);
/// Sends one request and waits for its answer, an object, as long as patience for each part of it. Returns
/// nothing, with error, where the daemon cannot be reached or does not answer. passed: gets the descriptor
/// that came beside it.
[[nodiscard]] std::optional<nlohmann::json> try_ask(const std::string& socket, const nlohmann::json& request,
                                                    std::chrono::seconds patience, std::string& error,
                                                    UniqueFd* passed = nullptr);

/// Sends one request and waits for its answer, an object. Returns nothing, with one line on standard error,
/// where the daemon cannot be reached or does not answer. passed: gets the descriptor that came beside it.
[[nodiscard]] std::optional<nlohmann::json> ask(const std::string& socket, const nlohmann::json& request,
                                                UniqueFd* passed = nullptr);

/// Sends a command; prints the answer as JSON, or what went wrong. Returns nothing where that is all, else
/// the answer. status: the exit status.
[[nodiscard]] std::optional<nlohmann::json> order(const std::string& socket, const nlohmann::json& request,
                                                  bool json_output, int& status);

}  // namespace sluice::control
