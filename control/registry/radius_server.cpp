// control/registry: a UDP socket for RADIUS accounting.
#include "control/registry/radius_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>

#include "control/base/files.h"
#include "control/base/log_line.h"
#include "control/policy/prefix.h"

namespace sluice::control {
namespace {

constexpr std::chrono::seconds kRetryRadius{10};
constexpr std::chrono::milliseconds kLookWhetherKept{50};

/// Empty, and error, where there is none.
std::string read_secret(const std::string& path, std::string& error) {
  auto text = read_tail(path, kMaxSecret + 3);
  if (!text) return error = errno_text(path), std::string();
  while (text->ends_with('\n') || text->ends_with('\r')) text->pop_back();
  if (text->empty() || text->size() > kMaxSecret) {
    error = path + ": has no secret of 1 to " + std::to_string(kMaxSecret) + " bytes";
    return {};
  }
  return std::move(*text);
}

socklen_t socket_address(const IdentityRadius& radius, sockaddr_storage& out) {
  std::memset(&out, 0, sizeof out);
  if (radius.listen.is_v4()) {
    auto* four = reinterpret_cast<sockaddr_in*>(&out);
    four->sin_family = AF_INET;
    four->sin_port = htons(radius.port);
    std::memcpy(&four->sin_addr, radius.listen.bytes.data() + 12, 4);
    return sizeof *four;
  }
  auto* six = reinterpret_cast<sockaddr_in6*>(&out);
  six->sin6_family = AF_INET6;
  six->sin6_port = htons(radius.port);
  std::memcpy(&six->sin6_addr, radius.listen.bytes.data(), 16);
  return sizeof *six;
}

Address sender_of(const void* from) {
  if (static_cast<const sockaddr*>(from)->sa_family == AF_INET)
    return Address::from_v4(
        reinterpret_cast<const uint8_t*>(&static_cast<const sockaddr_in*>(from)->sin_addr));
  return Address::from_v6(static_cast<const sockaddr_in6*>(from)->sin6_addr.s6_addr);
}

}  // namespace

void RadiusServer::listen(const std::optional<IdentityRadius>& radius) {
  if (radius == radius_) return;
  close();
  radius_ = radius;
  complained_ = false;
  if (radius_) open();
}

void RadiusServer::close() {
  loop_.cancel(std::exchange(retry_, 0));
  loop_.cancel(std::exchange(sending_, 0));
  waiting_.clear();
  if (socket_) loop_.forget(socket_.get());
  socket_.reset();
}

void RadiusServer::open() {
  retry_ = 0;
  std::string error;
  secret_ = read_secret(radius_->secret_file, error);
  sockaddr_storage address;
  const socklen_t size = socket_address(*radius_, address);
  if (error.empty()) {
    UniqueFd socket(::socket(address.ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket || ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), size) != 0 ||
        !loop_.watch(socket.get(), EPOLLIN, [this](uint32_t) { receive(); })) {
      error = errno_text(to_string(Prefix{radius_->listen, 128}) + ", port " + std::to_string(radius_->port));
    } else {
      socket_ = std::move(socket);
    }
  }
  if (error.empty()) {
    log_info("radius: listens on " + to_string(Prefix{radius_->listen, 128}) + ", port " +
             std::to_string(radius_->port));
    return;
  }
  if (!std::exchange(complained_, true)) log_error("radius: nobody's sessions are heard of: " + error);
  retry_ = loop_.after(kRetryRadius, [this] { open(); });
}

void RadiusServer::receive() {
  std::array<uint8_t, kMaxRadiusPacket + 1> bytes;
  for (int i = 0; i < kMaxRadiusPerTurn && socket_; ++i) {
    sockaddr_storage from{};
    socklen_t from_size = sizeof from;
    const ssize_t got = ::recvfrom(socket_.get(), bytes.data(), bytes.size(), 0,
                                   reinterpret_cast<sockaddr*>(&from), &from_size);
    if (got < 0) return;
    take_datagram(std::span(bytes).first(static_cast<size_t>(got)), from, from_size);
  }
}

void RadiusServer::take_datagram(std::span<const uint8_t> datagram, const sockaddr_storage& from,
                                 uint32_t from_size) {
  const auto count = [](std::atomic<uint64_t>& counter) { counter.fetch_add(1, std::memory_order_relaxed); };
  const Address client = sender_of(&from);
  if (std::ranges::find(radius_->clients, client) == radius_->clients.end()) return count(counts_.strangers);
  RadiusRequest request;
  switch (read_radius(datagram, secret_, request)) {
    case RadiusProblem::None:
      break;
    case RadiusProblem::Malformed:
      return count(counts_.malformed);
    case RadiusProblem::NoRequest:
      return count(counts_.others);
    case RadiusProblem::WrongSecret:
      return count(counts_.wrong_secret);
  }
  const Answer answer{radius_response(request, secret_), from, from_size, take_(client, request)};
  if (answer.when <= kept_()) return send(answer);
  if (waiting_.size() >= kMaxAnswersWaiting) return count(counts_.unanswered);
  waiting_.push_back(answer);
  if (sending_ == 0) sending_ = loop_.after(kLookWhetherKept, [this] { send_waiting(); });
}

void RadiusServer::send(const Answer& answer) {
  const ssize_t sent = ::sendto(socket_.get(), answer.bytes.data(), answer.bytes.size(), 0,
                                reinterpret_cast<const sockaddr*>(&answer.to), answer.to_size);
  (sent == static_cast<ssize_t>(answer.bytes.size()) ? counts_.taken : counts_.unanswered)
      .fetch_add(1, std::memory_order_relaxed);
}

void RadiusServer::send_waiting() {
  sending_ = 0;
  for (const uint64_t kept = kept_(); !waiting_.empty() && waiting_.front().when <= kept;
       waiting_.pop_front())
    send(waiting_.front());
  if (!waiting_.empty()) sending_ = loop_.after(kLookWhetherKept, [this] { send_waiting(); });
}

}  // namespace sluice::control
