// control/base: Unix sockets.
#pragma once

#include <sys/types.h>

#include <span>
#include <string>

#include "control/base/unique_fd.h"

namespace sluice::control {

/// Listens on a Unix stream socket at path, not blocking. A socket that nobody listens on any more is
/// replaced; where somebody does, or something else stands there, the descriptor is none and error says so.
[[nodiscard]] UniqueFd listen_unix(const std::string& path, mode_t mode, std::string& error);

/// Connects to a Unix stream socket, blocking. None, and error, where nobody listens.
[[nodiscard]] UniqueFd connect_unix(const std::string& path, std::string& error);

/// One packet of a SOCK_SEQPACKET socket.
struct ReceivedPacket {
  static constexpr size_t kMaxFds = 4;  ///< more than any message has, so that a surplus is seen, and closed
  ssize_t size = -1;                    ///< 0: it hung up; negative: see errno
  bool cut = false;                     ///< it, or its descriptors, did not fit
  size_t fd_count = 0;
  UniqueFd fds[kMaxFds];
};

/// Takes one packet into bytes.
[[nodiscard]] ReceivedPacket receive_packet(int socket, std::span<char> bytes);

}  // namespace sluice::control
