// control/base: the daemon's main loop: descriptors and timers, one thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <unordered_map>

#include "control/base/unique_fd.h"

namespace sluice::control {

/// Calls handlers when their descriptor is ready or their time has come. All calls from one thread. A handler
/// may watch, forget, set and cancel anything, itself too.
class EventLoop {
 public:
  using Handler = std::function<void(uint32_t events)>;  ///< EPOLLIN, EPOLLOUT, EPOLLHUP, …
  using Timer = uint64_t;                                ///< 0 is none

  EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  /// False where the kernel could not make what the loop needs, errno says why.
  bool ready() const { return static_cast<bool>(epoll_); }

  /// fd stays the caller's: forget it before it is closed. Returns false with errno set.
  [[nodiscard]] bool watch(int fd, uint32_t events, Handler handler);
  void change(int fd, uint32_t events);
  void forget(int fd);

  Timer after(std::chrono::milliseconds delay, std::function<void()> then);
  void cancel(Timer timer);

  /// Serves until stop is called.
  void run();
  /// Serves what is ready, waiting for it at most so long.
  void run_once(std::chrono::milliseconds limit);
  void stop() { stopped_ = true; }

 private:
  using Clock = std::chrono::steady_clock;
  struct Watch {
    uint64_t token = 0;
    std::shared_ptr<Handler> handler;
  };
  void run_timers();
  int wait_ms(std::chrono::milliseconds limit) const;

  UniqueFd epoll_;
  uint64_t last_token_ = 0;
  std::unordered_map<int, Watch> by_fd_;
  std::unordered_map<uint64_t, int>
      by_token_;  ///< a token outlives no watch, so a reused descriptor gets no old event
  Timer last_timer_ = 0;
  std::map<std::pair<Clock::time_point, Timer>, std::function<void()>> timers_;
  std::unordered_map<Timer, Clock::time_point> due_;
  bool stopped_ = false;
};

}  // namespace sluice::control
