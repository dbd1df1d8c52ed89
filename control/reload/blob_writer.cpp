// control/reload: the thread that writes blobs.
#include "control/reload/blob_writer.h"

#include "control/base/log_line.h"

namespace sluice::control {

BlobWriter::BlobWriter(const BlobStore& store) : store_(store), thread_([this] { run(); }) {}

BlobWriter::~BlobWriter() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void BlobWriter::add(std::string sha256, std::string bytes) {
  {
    const std::lock_guard lock(mutex_);
    waiting_.emplace_back(std::move(sha256), std::move(bytes));
  }
  changed_.notify_all();
}

void BlobWriter::drain() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return waiting_.empty(); });
}

void BlobWriter::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    if (waiting_.empty()) {
      return;
    }
    const auto& [sha256, bytes] = waiting_.front();  // a deque does not move what stands in it
    lock.unlock();
    const std::string why = store_.put(sha256, bytes);
    if (!why.empty()) {
      log_error("compiler: a source is not kept: " + why);
    }
    lock.lock();
    waiting_.pop_front();
    changed_.notify_all();
  }
}

}  // namespace sluice::control
