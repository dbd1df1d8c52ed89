// control/reload: notices that a policy was saved.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "control/base/event_loop.h"
#include "control/base/unique_fd.h"

namespace sluice::control {

/// Watches a directory, the directories below it, and those of list files elsewhere. Calls back on the loop's
/// thread once the writing has been over for 25 ms, or has gone on for a second.
class PolicyWatch {
 public:
  PolicyWatch(EventLoop& loop, std::filesystem::path directory, std::function<void()> saved);
  ~PolicyWatch();
  PolicyWatch(const PolicyWatch&) = delete;
  PolicyWatch& operator=(const PolicyWatch&) = delete;

  /// The files that the policy was compiled from: their directories are watched too.
  void set_sources(const std::vector<std::string>& sources);

 private:
  void look_again();
  void read_events();
  void saved_once();

  EventLoop& loop_;
  const std::filesystem::path directory_;
  const std::function<void()> saved_;
  UniqueFd inotify_;
  std::set<std::filesystem::path> elsewhere_;
  EventLoop::Timer timer_ = 0, missing_timer_ = 0;
  std::chrono::steady_clock::time_point first_event_;
};

}  // namespace sluice::control
