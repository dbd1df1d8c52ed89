// feeds tests: a small HTTP server on the loopback, as good or as bad as a test wants it.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace sluice::control {

/// Serves each connection in a thread of its own: reads a request's head, calls the handler, closes.
class HttpServer {
 public:
  class Connection {
   public:
    explicit Connection(int fd) : fd_(fd) {}
    /// Returns false where the other side is gone.
    bool send(std::string_view bytes) const {
      while (!bytes.empty()) {
        const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent <= 0) {
          return false;
        }
        bytes.remove_prefix(static_cast<size_t>(sent));
      }
      return true;
    }
    /// A whole answer. headers: each with its line end.
    void answer(std::string_view status, std::string_view body, std::string_view headers = {}) const {
      send("HTTP/1.1 " + std::string(status) + "\r\nContent-Length: " + std::to_string(body.size()) +
           "\r\nConnection: close\r\n" + std::string(headers) + "\r\n" + std::string(body));
    }
    /// Waits until the other side is gone, at most for five seconds.
    void wait_for_end() const {
      const timeval limit{5, 0};
      ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
      char byte;
      while (::recv(fd_, &byte, 1, 0) > 0) {
      }
    }

   private:
    int fd_;
  };
  /// head: the request line and headers.
  using Handler = std::function<void(const std::string& head, const Connection& connection)>;

  HttpServer() {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) == 0 && ::listen(listener_, 64) == 0) {
      ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    }
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { accept_all(); });
  }
  ~HttpServer() {
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    for (std::thread& each : connections_) {
      each.join();
    }
    ::close(listener_);
  }
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  void serve(Handler handler) {
    const std::lock_guard lock(mutex_);
    handler_ = std::move(handler);
  }
  /// Answers every request alike.
  void serve(std::string status, std::string body, std::string headers = {}) {
    serve([=](const std::string&, const Connection& to) { to.answer(status, body, headers); });
  }
  std::string url(std::string_view path) const {
    return "http://127.0.0.1:" + std::to_string(port_) + std::string(path);
  }
  uint16_t port() const { return port_; }
  std::vector<std::string> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

 private:
  void accept_all() {
    int fd;
    while ((fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC)) >= 0) {
      connections_.emplace_back([this, fd] {
        serve_one(fd);
        ::close(fd);
      });
    }
  }
  void serve_one(int fd) {
    std::string head;
    char bytes[4096];
    while (head.find("\r\n\r\n") == std::string::npos) {
      const ssize_t got = ::recv(fd, bytes, sizeof bytes, 0);
      if (got <= 0) {
        return;
      }
      head.append(bytes, static_cast<size_t>(got));
    }
    Handler handler;
    {
      const std::lock_guard lock(mutex_);
      requests_.push_back(head);
      handler = handler_;
    }
    if (handler) {
      handler(head, Connection(fd));
    }
  }

  int listener_ = -1;
  uint16_t port_ = 0;
  mutable std::mutex mutex_;  ///< guards the two below
  Handler handler_;
  std::vector<std::string> requests_;
  std::vector<std::thread> connections_;
  std::thread thread_;
};

}  // namespace sluice::control
