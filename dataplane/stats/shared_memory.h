// stats: makes the shared memory that control reads: counters and rings, one of each for a worker.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "dataplane/contract/shared.h"

namespace sluice {

/// The mapping and its memfd, sealed against a change of size. Lives as long as the process.
class SharedMemory {
 public:
  SharedMemory() = default;
  ~SharedMemory();
  SharedMemory(const SharedMemory&) = delete;
  SharedMemory& operator=(const SharedMemory&) = delete;

  /// pairs: names of the lines, each shorter than kPairNameBytes. ring_slots: for each worker, a power of
  /// two. Returns false, with errno, where memory is short.
  [[nodiscard]] bool create(uint32_t workers, std::span<const std::string_view> pairs, uint64_t ring_slots);

  int fd() const { return fd_; }
  SharedHeader& header() const { return *header_; }
  WorkerStats& stats(uint32_t worker) const;
  RingHeader& ring(uint32_t worker) const;

 private:
  std::byte* at(uint64_t offset) const { return reinterpret_cast<std::byte*>(header_) + offset; }

  int fd_ = -1;
  uint64_t size_ = 0;
  SharedHeader* header_ = nullptr;
};

}  // namespace sluice
