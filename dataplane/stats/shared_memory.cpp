// stats: the layout of the shared memory.
#include "dataplane/stats/shared_memory.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <new>

namespace sluice {
namespace {

/// With the last one nobody can add another: control, which has the descriptor too, cannot forbid writing.
constexpr int kSeals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
constexpr uint64_t kPage = 4096;
constexpr uint64_t whole_pages(uint64_t bytes) {
  return (bytes + kPage - 1) / kPage * kPage;
}
constexpr uint64_t kHeaderBytes = whole_pages(sizeof(SharedHeader));
constexpr uint64_t kStatsBytes = whole_pages(sizeof(WorkerStats));

using PairName = std::array<char, kPairNameBytes>;
PairName pair_name(std::string_view pair) {
  PairName out{};
  std::copy_n(pair.begin(), std::min(pair.size(), kPairNameBytes - 1), out.begin());
  return out;
}

/// What only the process that is gone knew.
void forget_gauges(WorkerStats& stats) {
  for (Counter* gauge :
       {&stats.generation, &stats.flows, &stats.undecided, &stats.bindings, &stats.names, &stats.fragments})
    gauge->set(0);
}

}  // namespace

uint64_t SharedMemory::Layout::stats_offset(uint32_t worker) const {
  return kHeaderBytes + worker * (kStatsBytes + whole_pages(sizeof(RingHeader) + ring_slots * kSlotBytes));
}

uint64_t SharedMemory::Layout::ring_offset(uint32_t worker) const {
  return stats_offset(worker) + kStatsBytes;
}

bool SharedMemory::map(int fd, const Layout& layout) {
  void* memory = mmap(nullptr, layout.size(), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (memory == MAP_FAILED) return false;
  header_ = static_cast<SharedHeader*>(memory);
  layout_ = layout;
  return true;
}

void SharedMemory::unmap() {
  if (header_ != nullptr) munmap(header_, layout_.size());
  header_ = nullptr;
}

bool SharedMemory::create(uint32_t workers, std::span<const std::string_view> pairs, uint64_t ring_slots) {
  const Layout layout{workers, ring_slots};
  fd_ = memfd_create("sluice-shared", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (fd_ < 0 || ftruncate(fd_, static_cast<off_t>(layout.size())) != 0 ||
      fcntl(fd_, F_ADD_SEALS, kSeals) != 0 || getrandom(&boot_, sizeof boot_, 0) != sizeof boot_ ||
      !map(fd_, layout))
    return false;
  new (header_) SharedHeader{};
  header_->magic = kSharedMagic;
  header_->version = kSharedVersion;
  header_->worker_count = workers;
  header_->pair_count = static_cast<uint32_t>(pairs.size());
  header_->size = layout.size();
  header_->boot = boot_;
  for (size_t pair = 0; pair < pairs.size(); ++pair)
    std::memcpy(header_->pairs[pair], pair_name(pairs[pair]).data(), kPairNameBytes);
  for (uint32_t worker = 0; worker < workers; ++worker) {
    header_->workers[worker] = {layout.stats_offset(worker), layout.ring_offset(worker)};
    new (at(layout.stats_offset(worker))) WorkerStats{};
    new (at(layout.ring_offset(worker))) RingHeader{};
    ring(worker).slot_count = ring_slots;
  }
  return true;
}

const char* SharedMemory::adopt(int fd, uint32_t workers, std::span<const std::string_view> pairs,
                                uint64_t ring_slots) {
  const Layout layout{workers, ring_slots};
  struct stat status {};
  // A mapping that somebody could shorten would end this process; only a memfd has seals.
  if (const int seals = fcntl(fd, F_GET_SEALS); seals < 0 || (seals & kSeals) != kSeals)
    return "it is not sealed as ours is";
  if (fstat(fd, &status) != 0 || static_cast<uint64_t>(status.st_size) < sizeof(SharedHeader))
    return "it is too small";
  const bool same_size = static_cast<uint64_t>(status.st_size) == layout.size();
  if (!map(fd, same_size ? layout : Layout{})) return "it cannot be mapped";
  const char* why = misfit(pairs);
  if (why == nullptr && !same_size) why = "it is of other workers, lines or rings";
  if (why != nullptr) {
    unmap();
    return why;
  }
  fd_ = fd;
  boot_ = header_->boot;
  for (size_t pair = 0; pair < kMaxPairs; ++pair)
    for (const size_t side : {0, 1}) set_link(*header_, pair, side, LinkState::Unknown);
  for (uint32_t worker = 0; worker < workers; ++worker) forget_gauges(stats(worker));
  return nullptr;
}

/// Why what is mapped is not what create makes and a data plane leaves behind; nullptr where it is. Of the
/// header alone, where layout_ is of no worker.
const char* SharedMemory::misfit(std::span<const std::string_view> pairs) const {
  if (header_->magic != kSharedMagic) return "it is of something else";
  if (header_->version != kSharedVersion) return "it is of another version";
  const bool same = header_->size == layout_.size() && header_->worker_count == layout_.workers &&
                    header_->pair_count == pairs.size();
  if (!same) return "it is of other workers, lines or rings";
  for (size_t pair = 0; pair < pairs.size(); ++pair)
    if (std::memcmp(header_->pairs[pair], pair_name(pairs[pair]).data(), kPairNameBytes) != 0)
      return "it is of other workers, lines or rings";
  for (uint32_t worker = 0; worker < layout_.workers; ++worker) {
    const SharedWorker& place = header_->workers[worker];
    if (place.stats_offset != layout_.stats_offset(worker) ||
        place.ring_offset != layout_.ring_offset(worker) || ring(worker).slot_count != layout_.ring_slots ||
        !last_number_of(ring(worker), ring(worker).head.load(std::memory_order_acquire)))
      return "no data plane left its rings so";
  }
  return nullptr;
}

SharedMemory::~SharedMemory() {
  unmap();
  if (fd_ >= 0) close(fd_);
}

WorkerStats& SharedMemory::stats(uint32_t worker) const {
  return *reinterpret_cast<WorkerStats*>(at(layout_.stats_offset(worker)));
}

RingHeader& SharedMemory::ring(uint32_t worker) const {
  return *reinterpret_cast<RingHeader*>(at(layout_.ring_offset(worker)));
}

}  // namespace sluice
