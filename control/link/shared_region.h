// control/link: the data plane's shared memory, mapped and checked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/contract/shared.h"

namespace sluice::control {

/// One worker's ring: where it lies and how large it is, as it was when it was checked.
struct Ring {
  RingHeader* header;
  const std::byte* slots;
  uint64_t slot_count;  ///< a power of two
};

/// A mapping of the memory that came with a Welcome. Every offset and size was checked against the mapping
/// when it was made, and is kept here: but for links and starts the header in the memory is not read again,
/// for the other process may write to it.
class SharedRegion {
 public:
  /// fd: not consumed. Returns nullptr and says in error what does not fit.
  [[nodiscard]] static std::shared_ptr<SharedRegion> map(int fd, std::string& error);
  ~SharedRegion();
  SharedRegion(const SharedRegion&) = delete;
  SharedRegion& operator=(const SharedRegion&) = delete;

  uint64_t boot() const { return boot_; }
  size_t worker_count() const { return workers_.size(); }
  size_t pair_count() const { return pairs_.size(); }
  /// The name of a line; empty for an index outside.
  std::string_view pair(size_t index) const {
    return index < pairs_.size() ? std::string_view(pairs_[index]) : "";
  }
  /// Whether a port has its carrier, as the data plane last saw it. pair: below pair_count; side: 0 LAN, 1
  /// line.
  LinkState link(size_t pair, size_t side) const {
    return link_of(*reinterpret_cast<SharedHeader*>(memory_), pair, side);
  }
  /// Data planes that began in this memory, and memories that they refused.
  StartFigures start_figures() const { return start_figures_of(*reinterpret_cast<SharedHeader*>(memory_)); }
  /// worker: below worker_count.
  const WorkerStats& stats(size_t worker) const { return *workers_[worker].stats; }
  const Ring& ring(size_t worker) const { return workers_[worker].ring; }

 private:
  struct Worker {
    const WorkerStats* stats;
    Ring ring;
  };
  SharedRegion() = default;
  [[nodiscard]] std::string check(const SharedHeader& header);
  [[nodiscard]] std::string check_worker(const SharedWorker& worker);

  std::byte* memory_ = nullptr;
  size_t size_ = 0;
  uint64_t boot_ = 0;
  std::vector<std::string> pairs_;
  std::vector<Worker> workers_;
};

}  // namespace sluice::control
