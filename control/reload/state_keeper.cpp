// control/reload: the thread that keeps images.
#include "control/reload/state_keeper.h"

#include <utility>

#include "control/base/log_line.h"

namespace sluice::control {

StateKeeper::StateKeeper(StateStore& store) : store_(store), thread_([this] { run(); }) {}

StateKeeper::~StateKeeper() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void StateKeeper::keep(std::shared_ptr<const SealedImage> image) {
  {
    const std::lock_guard lock(mutex_);
    image_ = std::move(image);
  }
  changed_.notify_one();
}

void StateKeeper::prune(uint32_t keep_from) {
  {
    const std::lock_guard lock(mutex_);
    prune_from_ = keep_from;
  }
  changed_.notify_one();
}

void StateKeeper::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stopping_ || image_ || prune_from_; });
    if (!image_ && !prune_from_) {
      return;
    }
    const std::shared_ptr<const SealedImage> image = std::exchange(image_, nullptr);
    const std::optional<uint32_t> prune_from = std::exchange(prune_from_, std::nullopt);
    lock.unlock();
    if (const std::string why = image ? store_.keep_image(*image) : ""; !why.empty()) {
      log_error("state: the image of generation " + std::to_string(image->generation()) +
                " is not kept: " + why);
    }
    if (prune_from) {
      store_.prune(*prune_from);
    }
    lock.lock();
  }
}

}  // namespace sluice::control
