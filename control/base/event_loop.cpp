// control/base: the daemon's main loop.
#include "control/base/event_loop.h"

#include <sys/epoll.h>

#include <algorithm>
#include <array>

namespace sluice::control {

EventLoop::EventLoop() : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {}

bool EventLoop::watch(int fd, uint32_t events, Handler handler) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = ++last_token_;
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) {
    return false;
  }
  by_token_[last_token_] = fd;
  by_fd_[fd] = Watch{last_token_, std::make_shared<Handler>(std::move(handler))};
  return true;
}

void EventLoop::change(int fd, uint32_t events) {
  const auto found = by_fd_.find(fd);
  if (found == by_fd_.end()) {
    return;
  }
  epoll_event event{};
  event.events = events;
  event.data.u64 = found->second.token;
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event);
}

void EventLoop::forget(int fd) {
  const auto found = by_fd_.find(fd);
  if (found == by_fd_.end()) {
    return;
  }
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
  by_token_.erase(found->second.token);
  by_fd_.erase(found);
}

EventLoop::Timer EventLoop::after(std::chrono::milliseconds delay, std::function<void()> then) {
  const Timer timer = ++last_timer_;
  const Clock::time_point due = Clock::now() + delay;
  timers_.emplace(std::pair(due, timer), std::move(then));
  due_.emplace(timer, due);
  return timer;
}

void EventLoop::cancel(Timer timer) {
  const auto found = due_.find(timer);
  if (found != due_.end()) {
    timers_.erase({found->second, timer});
    due_.erase(found);
  }
}

void EventLoop::run() {
  while (!stopped_) {
    run_once(std::chrono::hours(1));
  }
}

void EventLoop::run_once(std::chrono::milliseconds limit) {
  std::array<epoll_event, 32> events{};
  const int count =
      ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), wait_ms(limit));
  for (int i = 0; i < count; ++i) {
    const epoll_event event = events[static_cast<size_t>(i)];
    const uint64_t token = event.data.u64;  // a copy: the kernel's struct is packed
    const auto found = by_token_.find(token);
    if (found == by_token_.end()) {
      continue;  // forgotten by a handler that ran before
    }
    // The handler may forget itself while it runs.
    const std::shared_ptr<Handler> handler = by_fd_.at(found->second).handler;
    (*handler)(event.events);
  }
  run_timers();
}

void EventLoop::run_timers() {
  const Clock::time_point now = Clock::now();
  while (!timers_.empty() && timers_.begin()->first.first <= now) {
    auto node = timers_.extract(timers_.begin());
    due_.erase(node.key().second);
    node.mapped()();
  }
}

int EventLoop::wait_ms(std::chrono::milliseconds limit) const {
  using std::chrono::milliseconds;
  if (!timers_.empty()) {
    const auto left = std::chrono::ceil<milliseconds>(timers_.begin()->first.first - Clock::now());
    limit = std::clamp(left, milliseconds(0), limit);
  }
  return static_cast<int>(limit.count());
}

}  // namespace sluice::control
