// control/reload: writes whole images to the disk after they were sent.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "control/reload/state_store.h"

namespace sluice::control {

/// One thread. Of images that wait, only the newest is kept: it alone can be the last good one. At its end it
/// keeps the one that waits.
class StateKeeper {
 public:
  explicit StateKeeper(StateStore& store);
  ~StateKeeper();
  StateKeeper(const StateKeeper&) = delete;
  StateKeeper& operator=(const StateKeeper&) = delete;

  void keep(std::shared_ptr<const SealedImage> image);
  /// See StateStore::prune.
  void prune(uint32_t keep_from);

 private:
  void run();
  StateStore& store_;
  std::mutex mutex_;  ///< guards all below but the thread
  std::condition_variable changed_;
  std::shared_ptr<const SealedImage> image_;
  std::optional<uint32_t> prune_from_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace sluice::control
