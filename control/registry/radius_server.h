// control/registry: hears RADIUS accounting.
#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <optional>
#include <string>

#include "control/base/event_loop.h"
#include "control/policy/identity_policy.h"
#include "control/registry/radius.h"

namespace sluice::control {

inline constexpr size_t kMaxSecret = 128;      ///< bytes of the shared secret
inline constexpr int kMaxRadiusPerTurn = 256;  ///< datagrams, before the loop's others have their turn

/// Takes Accounting-Requests over UDP and answers them. Runs on the loop's thread.
class RadiusServer {
 public:
  struct Counts {
    std::atomic<uint64_t> taken{0};      ///< requests that were answered
    std::atomic<uint64_t> strangers{0};  ///< from an address that is no client
    std::atomic<uint64_t> malformed{0}, wrong_secret{0}, others{0};
    std::atomic<uint64_t> unanswered{0};  ///< taken, and the answer could not be sent
  };
  using Take = std::function<void(const Address& client, const RadiusRequest& request)>;

  RadiusServer(EventLoop& loop, Take take) : loop_(loop), take_(std::move(take)) {}
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
  void take_datagram(std::span<const uint8_t> datagram, const void* from, uint32_t from_size);

  EventLoop& loop_;
  const Take take_;
  std::optional<IdentityRadius> radius_;
  std::string secret_;
  UniqueFd socket_;
  EventLoop::Timer retry_ = 0;
  bool complained_ = false;
  Counts counts_;
};

}  // namespace sluice::control
