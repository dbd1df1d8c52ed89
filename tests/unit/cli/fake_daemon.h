// cli tests: what stands for the daemon on its socket, and what a command printed.
#pragma once

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <utility>

#include "control/base/unique_fd.h"

namespace sluice::control {

/// Answers every request at path, from its making until its end, one client after the other.
class FakeDaemon {
 public:
  using Answer = std::function<nlohmann::json(const nlohmann::json& request)>;

  FakeDaemon(const std::string& path, Answer answer)
      : listener_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)), answer_(std::move(answer)) {
    std::filesystem::remove(path);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    EXPECT_EQ(::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::listen(listener_.get(), 8), 0);
    thread_ = std::jthread([this] { serve(); });
  }
  ~FakeDaemon() { ::shutdown(listener_.get(), SHUT_RDWR); }
  FakeDaemon(const FakeDaemon&) = delete;
  FakeDaemon& operator=(const FakeDaemon&) = delete;

 private:
  void serve() {
    for (;;) {
      const UniqueFd client(::accept(listener_.get(), nullptr, nullptr));
      if (!client) {
        return;
      }
      std::string text;
      for (char byte = 0; byte != '\n' && ::recv(client.get(), &byte, 1, 0) == 1;) {
        text += byte;
      }
      if (!text.empty()) {  // some look first whether somebody is there
        const std::string line = answer_(nlohmann::json::parse(text, nullptr, false)).dump() + "\n";
        [[maybe_unused]] const ssize_t sent = ::send(client.get(), line.data(), line.size(), MSG_NOSIGNAL);
      }
    }
  }

  const UniqueFd listener_;
  const Answer answer_;
  std::jthread thread_;
};

/// Runs a command; said: all that it printed. Returns its exit status.
template <typename Command>
int captured(Command command, std::string& said) {
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  const int status = command();
  said = testing::internal::GetCapturedStdout() + testing::internal::GetCapturedStderr();
  return status;
}

}  // namespace sluice::control
