// control/dnstap: listens, reads, counts.
#include "control/dnstap/dnstap_server.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include "control/base/files.h"
#include "control/base/log_line.h"
#include "control/base/unix_socket.h"

namespace sluice::control {
namespace {

constexpr size_t kReadBytes = size_t{64} << 10;  ///< of one resolver, before the others have their turn
constexpr mode_t kSocketMode = 0660;             ///< a resolver is let in by the socket's group

}  // namespace

void DnstapServer::listen(const std::string& path) {
  if (path == path_) return;
  while (!resolvers_.empty()) drop(resolvers_.begin()->first);
  if (listener_) {
    loop_.forget(listener_.get());
    listener_.reset();
    ::unlink(path_.c_str());
  }
  path_ = path;
  if (path.empty()) return;
  std::string error;
  listener_ = listen_unix(path, kSocketMode, error);
  if (listener_ && !loop_.watch(listener_.get(), EPOLLIN, [this](uint32_t) { accept(); })) {
    listener_.reset();
    error = errno_text("epoll");
  }
  if (listener_) {
    log_info("dnstap: listens on " + path);
  } else {
    log_error("dnstap: no resolver can tell anything: " + error);
  }
}

void DnstapServer::accept() {
  UniqueFd socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!socket) return;
  if (resolvers_.size() >= kMaxResolvers) {
    counts_.refused.fetch_add(1, std::memory_order_relaxed);
    log_warning("dnstap: a resolver was turned away, " + std::to_string(resolvers_.size()) +
                " are connected");
    return;
  }
  const uint64_t id = ++last_id_;
  if (!loop_.watch(socket.get(), EPOLLIN, [this, id](uint32_t) { ready(id); })) return;
  resolvers_[id].socket = std::move(socket);
  counts_.connected.store(resolvers_.size(), std::memory_order_relaxed);
}

void DnstapServer::ready(uint64_t id) {
  const auto found = resolvers_.find(id);
  if (found == resolvers_.end()) return;
  bindings_.clear();
  const std::string error = read(found->second);
  if (!bindings_.empty()) take_(bindings_);
  if (error.empty() && !found->second.gone && !found->second.stream.ended()) return;
  if (!error.empty()) {
    counts_.refused.fetch_add(1, std::memory_order_relaxed);
    log_warning("dnstap: a resolver's connection was ended: " + error);
  }
  drop(id);
}

/// Reads what is there, up to kReadBytes. Returns an empty string, or why the connection must end.
std::string DnstapServer::read(Resolver& resolver) {
  uint8_t bytes[kReadBytes];
  const ssize_t got = ::recv(resolver.socket.get(), bytes, sizeof bytes, 0);
  if (got < 0) return errno == EAGAIN || errno == EINTR ? std::string() : errno_text("recv");
  if (got == 0) return resolver.gone = true, std::string();
  bool is_dnstap = true;
  std::string reply;
  std::string error = resolver.stream.take(
      std::span(bytes).first(static_cast<size_t>(got)),
      [&](std::span<const uint8_t> frame) {
        const FrameKind kind = read_answer(frame, bindings_);
        is_dnstap = is_dnstap && kind != FrameKind::NotDnstap;
        auto& count = kind == FrameKind::Answer  ? counts_.answers
                      : kind == FrameKind::Other ? counts_.others
                                                 : counts_.unreadable;
        count.fetch_add(1, std::memory_order_relaxed);
      },
      reply);
  if (error.empty() && !is_dnstap) error = "a frame that is no dnstap";
  // A few dozen bytes: a resolver that leaves no room for them does not read.
  if (!reply.empty() &&
      ::send(resolver.socket.get(), reply.data(), reply.size(), MSG_NOSIGNAL) !=
          static_cast<ssize_t>(reply.size()) &&
      error.empty())
    error = "it does not read";
  return error;
}

void DnstapServer::drop(uint64_t id) {
  const auto found = resolvers_.find(id);
  loop_.forget(found->second.socket.get());
  resolvers_.erase(found);
  counts_.connected.store(resolvers_.size(), std::memory_order_relaxed);
}

}  // namespace sluice::control
