// control/cli: the policies that a command asks.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "control/judge/asked.h"
#include "control/judge/opened.h"

namespace sluice::control {

/// What stands for the policy in force where a directory is asked for.
inline constexpr std::string_view kRunning = "running";

/// Opens a directory, or the policy in force, which the daemon is asked for. feeds: may be empty. Returns
/// nothing, and has said why.
[[nodiscard]] std::optional<OpenedPolicy> open_policy(const std::string& which, const std::string& feeds,
                                                      const std::string& socket);

/// Says what is wrong with a policy, and why that ends the command; returns kCannot.
int refuse_policy(const Diagnostics& problems, const std::string& why);

}  // namespace sluice::control
