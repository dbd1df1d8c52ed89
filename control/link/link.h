// control/link: the connection to the data plane.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "control/base/event_loop.h"
#include "control/base/unique_fd.h"
#include "control/link/sealed_image.h"
#include "control/link/shared_region.h"
#include "dataplane/contract/messages.h"

namespace sluice::control {

/// Bindings that wait for their turn; what comes when there are so many is lost, and counted.
inline constexpr size_t kMaxBindingsWaiting = 8192;

/// Connects, says Hello, takes the Welcome with its memory, sends images one at a time, and connects again,
/// after 50 ms to 1 s, whenever the data plane is not there, hangs up, or says what it should not. Runs on
/// the loop's thread.
class Link {
 public:
  struct Callbacks {
    /// A data plane is there. generation: the one it enforces, 0 for none. The region is the same object as
    /// before when the data plane is.
    std::function<void(const std::shared_ptr<SharedRegion>& region, uint32_t generation)> welcome;
    /// It answered to an image. why: of a refusal; any text, made printable.
    std::function<void(uint32_t generation, bool accepted, const std::string& why)> loaded;
    /// It is gone.
    std::function<void()> lost;
  };
  struct Counts {
    std::atomic<uint64_t> bound{0};      ///< bindings that every worker has taken
    std::atomic<uint64_t> bind_lost{0};  ///< those that one of them did not, or that found no data plane
  };

  Link(EventLoop& loop, std::string path, Callbacks callbacks);
  ~Link();
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  void start() { connect(); }
  /// True between a Welcome and the connection's end.
  bool up() const { return welcomed_; }
  /// Hands an image over, or keeps it until the answer to the one before has come; a newer one replaces one
  /// that is kept. Does nothing while the link is not up: whoever hears welcome sends what has to be in
  /// force.
  void send(std::shared_ptr<const SealedImage> image);
  /// Hands bindings over, some at a time, in their order.
  void bind(std::span<const Binding> bindings);

  const Counts& counts() const { return counts_; }

 private:
  void connect();
  void disconnect(const std::string& why);
  void receive();
  bool receive_one();
  void take(const Message& message, UniqueFd fd);
  void take_welcome(const Message& message, UniqueFd fd);
  void take_loaded(const Message& message);
  void take_bound(const Message& message);
  void send_bindings();
  bool transmit(const Message& message, int fd, std::span<const Binding> bindings = {});
  void expect_reply(std::chrono::milliseconds within, const char* what);

  EventLoop& loop_;
  const std::string path_;
  const Callbacks callbacks_;
  UniqueFd socket_;
  bool welcomed_ = false;
  uint32_t in_flight_ = 0;  ///< generation of the image whose answer is awaited; 0: none
  std::shared_ptr<const SealedImage> waiting_;
  std::deque<Binding> bindings_;  ///< the first bindings_in_flight_ of them have been sent
  size_t bindings_in_flight_ = 0;
  Counts counts_;
  std::shared_ptr<SharedRegion> region_;
  std::chrono::milliseconds backoff_;
  EventLoop::Timer retry_ = 0, deadline_ = 0;
  std::string last_failure_;  ///< said once, not at every attempt
};

}  // namespace sluice::control
