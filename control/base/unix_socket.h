// control/base: Unix stream sockets.
#pragma once

#include <sys/types.h>

#include <string>

#include "control/base/unique_fd.h"

namespace sluice::control {

/// Listens on a Unix stream socket at path, not blocking. A socket that nobody listens on any more is
/// replaced; where somebody does, or something else stands there, the descriptor is none and error says so.
[[nodiscard]] UniqueFd listen_unix(const std::string& path, mode_t mode, std::string& error);

/// Connects to a Unix stream socket, blocking. None, and error, where nobody listens.
[[nodiscard]] UniqueFd connect_unix(const std::string& path, std::string& error);

}  // namespace sluice::control
