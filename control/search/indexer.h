// control/search: the thread that builds indexes.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <string>
#include <thread>

namespace sluice::control {

/// Builds the index of every closed segment that has none, one after the other, with the least share of the
/// processor. What cannot be indexed is said once and tried again after a restart.
class Indexer {
 public:
  explicit Indexer(std::filesystem::path log, std::chrono::milliseconds every = std::chrono::minutes(1));
  ~Indexer();
  Indexer(const Indexer&) = delete;
  Indexer& operator=(const Indexer&) = delete;

  uint64_t built() const { return built_.load(std::memory_order_relaxed); }

 private:
  void run();

  const std::filesystem::path log_;
  const std::chrono::milliseconds every_;
  std::atomic<uint64_t> built_{0};
  std::mutex mutex_;  ///< guards stopping_
  std::condition_variable wake_;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace sluice::control
