// control/link: maps and checks the data plane's shared memory.
#include "control/link/shared_region.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <bit>
#include <cstring>

#include "control/base/files.h"

namespace sluice::control {
namespace {

constexpr size_t kCacheLine = 64;

bool fits(size_t size, uint64_t offset, uint64_t bytes) {
  return offset % kCacheLine == 0 && offset <= size && bytes <= size - offset;
}

}  // namespace

std::shared_ptr<SharedRegion> SharedRegion::map(int fd, std::string& error) {
  struct stat status {};
  // A mapping that its maker could shorten would end this process with SIGBUS. Where the maker left sealing
  // open, it is closed here; where it did not, its own seals say what holds.
  (void)::fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW);
  if (::fstat(fd, &status) != 0) {
    error = errno_text("shared memory");
    return nullptr;
  }
  std::shared_ptr<SharedRegion> out(new SharedRegion());
  out->size_ = static_cast<size_t>(status.st_size);
  if (out->size_ < sizeof(SharedHeader)) {
    error = "shared memory of " + std::to_string(out->size_) + " bytes is too small";
    return nullptr;
  }
  void* memory = ::mmap(nullptr, out->size_, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (memory == MAP_FAILED) {
    error = errno_text("shared memory");
    return nullptr;
  }
  out->memory_ = static_cast<std::byte*>(memory);
  SharedHeader header{};
  std::memcpy(&header, memory, sizeof header);
  error = out->check(header);
  return error.empty() ? out : nullptr;
}

SharedRegion::~SharedRegion() {
  if (memory_ != nullptr) {
    ::munmap(memory_, size_);
  }
}

std::string SharedRegion::check(const SharedHeader& header) {
  if (header.magic != kSharedMagic) {
    return "shared memory of something else";
  }
  if (header.version != kSharedVersion) {
    return "shared memory of version " + std::to_string(header.version) + ", not " +
           std::to_string(kSharedVersion);
  }
  if (header.size != size_) {
    return "shared memory of " + std::to_string(size_) + " bytes says that it has " +
           std::to_string(header.size);
  }
  if (header.worker_count == 0 || header.worker_count > kMaxWorkers || header.pair_count > kMaxPairs) {
    return "shared memory of " + std::to_string(header.worker_count) + " workers and " +
           std::to_string(header.pair_count) + " pairs";
  }
  boot_ = header.boot;
  for (uint32_t i = 0; i < header.pair_count; ++i) {
    pairs_.emplace_back(header.pairs[i], ::strnlen(header.pairs[i], kPairNameBytes));
  }
  for (uint32_t i = 0; i < header.worker_count; ++i) {
    if (std::string error = check_worker(header.workers[i]); !error.empty()) {
      return "shared memory, worker " + std::to_string(i) + ": " + error;
    }
  }
  return {};
}

std::string SharedRegion::check_worker(const SharedWorker& worker) {
  if (!fits(size_, worker.stats_offset, sizeof(WorkerStats))) {
    return "its counters lie outside";
  }
  if (!fits(size_, worker.ring_offset, sizeof(RingHeader))) {
    return "its ring lies outside";
  }
  auto* ring = reinterpret_cast<RingHeader*>(memory_ + worker.ring_offset);
  const uint64_t slot_count = ring->slot_count;
  const size_t left = size_ - worker.ring_offset - sizeof(RingHeader);
  if (!std::has_single_bit(slot_count) || slot_count < 2 * kMaxRecordSlots ||
      slot_count > left / kSlotBytes) {
    return "a ring of " + std::to_string(slot_count) + " slots";
  }
  workers_.push_back(Worker{reinterpret_cast<const WorkerStats*>(memory_ + worker.stats_offset),
                            Ring{ring, reinterpret_cast<const std::byte*>(ring + 1), slot_count}});
  return {};
}

}  // namespace sluice::control
