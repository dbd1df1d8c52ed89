// control/registry: hears RADIUS accounting.
#pragma once

#include <sys/socket.h>

#include <array>
#include <atomic>
#include <deque>
#include <functional>
#include <optional>
#include <string>

#include "control/base/event_loop.h"
#include "control/policy/identity_policy.h"
#include "control/registry/radius.h"

namespace sluice::control {

inline constexpr size_t kMaxSecret = 128;           ///< bytes of the shared secret
inline constexpr size_t kMaxAnswersWaiting = 4096;  ///< then no more are given: the client asks again
inline constexpr int kMaxRadiusPerTurn = 256;       ///< datagrams, before the loop's others have their turn

/// Takes Accounting-Requests over UDP and answers them. Runs on the loop's thread.
class RadiusServer {
 public:
  struct Counts {
    std::atomic<uint64_t> taken{0};      ///< requests that were answered
    std::atomic<uint64_t> strangers{0};  ///< from an address that is no client
    std::atomic<uint64_t> malformed{0}, wrong_secret{0}, others{0};
    std::atomic<uint64_t> unanswered{0};  ///< taken, and the answer could not be sent
  };
  /// Takes a request; returns 0 where it may be answered at once, else what kept must say before.
  using Take = std::function<uint64_t(const Address& client, const RadiusRequest& request)>;
  using Kept = std::function<uint64_t()>;

  RadiusServer(EventLoop& loop, Take take, Kept kept)
      : loop_(loop), take_(std::move(take)), kept_(std::move(kept)) {}
  ~RadiusServer() { close(); }
  RadiusServer(const RadiusServer&) = delete;
  RadiusServer& operator=(const RadiusServer&) = delete;

  /// Listens there from now on, and nowhere else; nothing: nowhere. What cannot be is logged, and tried again
  /// by a timer. The secret is read anew.
  void listen(const std::optional<IdentityRadius>& radius);
  const Counts& counts() const { return counts_; }
  bool listening() const { return static_cast<bool>(socket_); }

 private:
  void open();
  void close();
  void receive();
  void take_datagram(std::span<const uint8_t> datagram, const sockaddr_storage& from, uint32_t from_size);
  struct Answer {
    std::array<uint8_t, 20> bytes;
    sockaddr_storage to;
    uint32_t to_size;
    uint64_t when;  ///< see Take
  };
  void send(const Answer& answer);
  void send_waiting();

  EventLoop& loop_;
  const Take take_;
  const Kept kept_;
  std::deque<Answer> waiting_;  ///< in their order
  EventLoop::Timer sending_ = 0;
  std::optional<IdentityRadius> radius_;
  std::string secret_;
  UniqueFd socket_;
  EventLoop::Timer retry_ = 0;
  bool complained_ = false;
  Counts counts_;
};

}  // namespace sluice::control
