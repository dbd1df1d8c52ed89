// control/cli: why something was blocked, in words, and the exception that would open it.
#pragma once

#include <chrono>
#include <string>

#include "control/usage/blocks.h"

namespace sluice::control {

/// How long an exception that is proposed holds.
inline constexpr std::chrono::days kExceptionHolds{14};

/// The reason as a person says it, with the rule and the list.
[[nodiscard]] std::string because_text(const BlockedGroup& group);

/// What is to be done where no exception opens it; empty where one does.
[[nodiscard]] std::string instead_of_exception(const BlockedGroup& group);

/// YAML to be pasted into a policy's file: from those clients to that name, or address, for kExceptionHolds.
/// Its owner is who asks; its ticket has to be filled in, and `check` takes the file before that, too.
[[nodiscard]] std::string exception_text(const BlockedGroup& group, std::chrono::sys_seconds now);

/// Lines for a terminal: as printable makes them, but for line feeds.
[[nodiscard]] std::string harmless_lines(std::string text);

}  // namespace sluice::control
