// control/reload: keeps blobs while its owner goes on working.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

#include "control/reload/blob_store.h"

namespace sluice::control {

/// One thread that writes, in their order, what it is given. What cannot be written is said in the log: a
/// policy whose sources are not kept is enforced all the same, and cannot be gone back to.
class BlobWriter {
 public:
  explicit BlobWriter(const BlobStore& store);
  ~BlobWriter();  ///< writes what waits
  BlobWriter(const BlobWriter&) = delete;
  BlobWriter& operator=(const BlobWriter&) = delete;

  void add(std::string sha256, std::string bytes);
  /// Waits until all that was added is written.
  void drain();

 private:
  void run();
  const BlobStore& store_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::pair<std::string, std::string>> waiting_;  ///< the first one is being written
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace sluice::control
