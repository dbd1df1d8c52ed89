// control/base: Unix sockets.
#include "control/base/unix_socket.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "control/base/files.h"

namespace sluice::control {
namespace {

bool address_of(const std::string& path, sockaddr_un& out, std::string& error) {
  out = {};
  out.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof out.sun_path) {
    error = "the path '" + path + "' cannot be a socket's: it has 1 to " +
            std::to_string(sizeof out.sun_path - 1) + " bytes";
    return false;
  }
  std::memcpy(out.sun_path, path.data(), path.size());
  return true;
}

}  // namespace

UniqueFd listen_unix(const std::string& path, mode_t mode, std::string& error) {
  sockaddr_un address{};
  if (!address_of(path, address, error)) {
    return {};
  }
  struct stat status {};
  if (::lstat(path.c_str(), &status) == 0) {
    if (!S_ISSOCK(status.st_mode)) {
      error = path + " is there and is no socket";
      return {};
    }
    std::string refusal;
    if (connect_unix(path, refusal)) {
      error = "somebody listens on " + path + " already";
      return {};
    }
    ::unlink(path.c_str());
  }
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd || ::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
      ::chmod(path.c_str(), mode) != 0 || ::listen(fd.get(), SOMAXCONN) != 0) {
    error = errno_text("cannot listen on " + path);
    return {};
  }
  return fd;
}

UniqueFd connect_unix(const std::string& path, std::string& error) {
  sockaddr_un address{};
  if (!address_of(path, address, error)) {
    return {};
  }
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd || ::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    error = errno_text("cannot connect to " + path);
    return {};
  }
  return fd;
}

ReceivedPacket receive_packet(int socket, std::span<char> bytes) {
  alignas(cmsghdr) char rights[CMSG_SPACE(ReceivedPacket::kMaxFds * sizeof(int))];
  iovec part{bytes.data(), bytes.size()};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = rights;
  header.msg_controllen = sizeof rights;
  ReceivedPacket out;
  do {
    out.size = ::recvmsg(socket, &header, MSG_CMSG_CLOEXEC);
  } while (out.size < 0 && errno == EINTR);
  if (out.size < 0) {
    return out;
  }
  out.cut = (header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0;
  for (cmsghdr* item = CMSG_FIRSTHDR(&header); item != nullptr; item = CMSG_NXTHDR(&header, item)) {
    if (item->cmsg_level != SOL_SOCKET || item->cmsg_type != SCM_RIGHTS) {
      continue;
    }
    const size_t here = (item->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < here && out.fd_count < ReceivedPacket::kMaxFds; ++i) {
      int fd;
      std::memcpy(&fd, CMSG_DATA(item) + i * sizeof fd, sizeof fd);
      out.fds[out.fd_count++].reset(fd);
    }
  }
  return out;
}

}  // namespace sluice::control
