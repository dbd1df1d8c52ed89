// link tests: the other end of the socket, told what to say by the test.
#pragma once

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include "control/base/unique_fd.h"
#include "dataplane/contract/messages.h"

namespace sluice::control {

/// Listens on a SOCK_SEQPACKET socket and speaks when told to. Never blocks for longer than a second.
class FakeDataPlane {
 public:
  FakeDataPlane()
      : path_(std::filesystem::temp_directory_path() / ("sluice-dp-" + std::to_string(::getpid()))) {
    listen();
  }
  ~FakeDataPlane() { ::unlink(path_.c_str()); }

  std::string path() const { return path_; }

  void listen() {
    ::unlink(path_.c_str());
    listener_.reset(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path_.c_str(), sizeof address.sun_path - 1);
    ASSERT_EQ(::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    ASSERT_EQ(::listen(listener_.get(), 4), 0);
  }
  /// Stops listening and hangs up.
  void die() {
    listener_.reset();
    peer_.reset();
    ::unlink(path_.c_str());
  }
  void hang_up() { peer_.reset(); }

  bool accept() {
    pollfd waiting{listener_.get(), POLLIN, 0};
    if (::poll(&waiting, 1, 10) != 1) {
      return false;
    }
    peer_.reset(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    return static_cast<bool>(peer_);
  }

  /// Takes one message, and its descriptor if it has one.
  bool take(Message& out, UniqueFd& fd) {
    pollfd waiting{peer_.get(), POLLIN, 0};
    if (::poll(&waiting, 1, 1000) != 1) {
      return false;
    }
    iovec part{&out, sizeof out};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))];
    msghdr header{};
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    header.msg_control = control;
    header.msg_controllen = sizeof control;
    const ssize_t got = ::recvmsg(peer_.get(), &header, MSG_CMSG_CLOEXEC);
    if (cmsghdr* item = CMSG_FIRSTHDR(&header); got > 0 && item != nullptr) {
      int each;
      std::memcpy(&each, CMSG_DATA(item), sizeof each);
      fd.reset(each);
    }
    return got == static_cast<ssize_t>(sizeof out);
  }

  /// Takes one Bind. False where it is none, or not whole.
  bool take_bind(std::vector<Binding>& out) {
    Message head{};
    Binding bindings[kMaxBindings + 1];
    iovec parts[] = {{&head, sizeof head}, {bindings, sizeof bindings}};
    msghdr header{};
    header.msg_iov = parts;
    header.msg_iovlen = 2;
    pollfd waiting{peer_.get(), POLLIN, 0};
    const ssize_t got = ::poll(&waiting, 1, 1000) == 1 ? ::recvmsg(peer_.get(), &header, 0) : -1;
    if (got <= static_cast<ssize_t>(sizeof head) || head.type != static_cast<uint16_t>(MessageType::Bind)) {
      return false;
    }
    const size_t bytes = static_cast<size_t>(got) - sizeof head;
    out.assign(bindings, bindings + bytes / sizeof(Binding));
    return bytes % sizeof(Binding) == 0;
  }

  static Message message(MessageType type, uint32_t generation = 0, uint32_t accepted = 0) {
    Message out{};
    out.magic = kMessageMagic;
    out.version = kMessageVersion;
    out.type = static_cast<uint16_t>(type);
    out.generation = generation;
    out.accepted = accepted;
    return out;
  }

  /// Says size bytes of message, with fds copies of fd.
  bool say(const Message& message, int fd = -1, size_t fds = 1, size_t size = sizeof(Message)) {
    char bytes[sizeof(Message) + 16] = {};
    std::memcpy(bytes, &message, sizeof message);
    iovec part{bytes, size};
    msghdr header{};
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    alignas(cmsghdr) char control[CMSG_SPACE(8 * sizeof(int))] = {};
    if (fd >= 0) {
      header.msg_control = control;
      header.msg_controllen = CMSG_SPACE(fds * sizeof(int));
      cmsghdr* item = CMSG_FIRSTHDR(&header);
      item->cmsg_level = SOL_SOCKET;
      item->cmsg_type = SCM_RIGHTS;
      item->cmsg_len = CMSG_LEN(fds * sizeof(int));
      for (size_t i = 0; i < fds; ++i) {
        std::memcpy(CMSG_DATA(item) + i * sizeof(int), &fd, sizeof fd);
      }
    }
    return ::sendmsg(peer_.get(), &header, MSG_NOSIGNAL) == static_cast<ssize_t>(size);
  }

 private:
  std::string path_;
  UniqueFd listener_, peer_;
};

}  // namespace sluice::control
