// control/usage: the thread that counts rules' hits as the log grows.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <string>
#include <thread>

#include "control/usage/hits.h"

namespace sluice::control {

/// Reads what is new in the log every few seconds, and keeps what it counted in one file of control's state.
/// At its first start it counts all that the log has. Has the least share of the processor.
class HitsThread {
 public:
  static constexpr std::chrono::milliseconds kEvery{2000};
  /// Between two writes, while it catches up, so many frames are read at most.
  static constexpr size_t kFramesAtOnce = 64;

  /// state: control's directory. every: between two looks.
  HitsThread(std::filesystem::path log, const std::filesystem::path& state,
             std::chrono::milliseconds every = kEvery);
  ~HitsThread();
  HitsThread(const HitsThread&) = delete;
  HitsThread& operator=(const HitsThread&) = delete;

  /// What is counted and on disk. Any thread.
  [[nodiscard]] RuleHits hits() const;

 private:
  void run();
  [[nodiscard]] bool pass(class Cursor& cursor);
  void complain(const std::string& why);

  const std::filesystem::path log_, file_;
  const std::chrono::milliseconds every_;
  RuleHits counted_;  ///< of the thread alone
  bool complained_ = false;
  mutable std::mutex mutex_;  ///< guards kept_
  RuleHits kept_;
  std::condition_variable wake_;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace sluice::control
