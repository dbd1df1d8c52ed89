// control/base: Unix stream sockets.
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

}  // namespace sluice::control
