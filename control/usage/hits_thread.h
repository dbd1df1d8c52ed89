// control/usage: the thread that counts rules' hits as the log grows.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

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
  /// Accesses that were counted since the start. Any thread.
  [[nodiscard]] AccessCounts counts() const;
  /// The names that a policy gives to its rules and networks: each is counted by itself from now on. Any
  /// thread.
  void know(std::vector<std::string> rules, std::vector<std::string> networks);

 private:
  struct Names {
    std::vector<std::string> rules, networks;
  };

  void run();
  void take_names();
  [[nodiscard]] bool pass(class Cursor& cursor);
  void complain(const std::string& why);

  const std::filesystem::path log_, file_;
  const std::chrono::milliseconds every_;
  RuleHits counted_;            ///< of the thread alone
  AccessCounts counted_names_;  ///< the same
  bool complained_ = false;
  mutable std::mutex mutex_;  ///< guards the three below
  RuleHits kept_;
  AccessCounts kept_names_;
  std::optional<Names> news_;
  std::condition_variable wake_;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace sluice::control
