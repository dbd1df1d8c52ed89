// stats: makes the shared memory that control reads: counters and rings, one of each for a worker.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "dataplane/contract/shared.h"

namespace sluice {

/// The mapping and its memfd, sealed against a change of size. Lives as long as the process; the memory
/// longer, where somebody else holds its descriptor. Control may write to all of it, so where things lie in
/// it is never read from it.
class SharedMemory {
 public:
  SharedMemory() = default;
  ~SharedMemory();
  SharedMemory(const SharedMemory&) = delete;
  SharedMemory& operator=(const SharedMemory&) = delete;

  /// pairs: names of the lines, each shorter than kPairNameBytes. ring_slots: for each worker, a power of
  /// two. Returns false, with errno, where memory is short.
  [[nodiscard]] bool create(uint32_t workers, std::span<const std::string_view> pairs, uint64_t ring_slots);

  /// Goes on in the memory of a data plane that is gone: records keep their places and their numbers go on,
  /// so do the counters; gauges begin at 0. fd: anybody's; it is this object's where it fits, else still the
  /// caller's. The rest as for create. Returns nullptr, or why it does not fit; create is still possible
  /// then.
  [[nodiscard]] const char* adopt(int fd, uint32_t workers, std::span<const std::string_view> pairs,
                                  uint64_t ring_slots);

  int fd() const { return fd_; }
  SharedHeader& header() const { return *header_; }
  uint64_t boot() const { return boot_; }
  uint64_t ring_slots() const { return layout_.ring_slots; }
  WorkerStats& stats(uint32_t worker) const;
  RingHeader& ring(uint32_t worker) const;

 private:
  /// Where everything lies; follows from the number of workers and the size of their rings.
  struct Layout {
    uint32_t workers = 0;
    uint64_t ring_slots = 0;
    uint64_t stats_offset(uint32_t worker) const;
    uint64_t ring_offset(uint32_t worker) const;
    uint64_t size() const { return stats_offset(workers); }
  };
  [[nodiscard]] bool map(int fd, const Layout& layout);
  void unmap();
  [[nodiscard]] const char* misfit(std::span<const std::string_view> pairs) const;
  std::byte* at(uint64_t offset) const { return reinterpret_cast<std::byte*>(header_) + offset; }

  int fd_ = -1;
  uint64_t boot_ = 0;
  Layout layout_;
  SharedHeader* header_ = nullptr;
};

}  // namespace sluice
