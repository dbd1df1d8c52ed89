// stats: the layout of the shared memory.
#include "dataplane/stats/shared_memory.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <new>

namespace sluice {
namespace {

constexpr uint64_t kPage = 4096;
constexpr uint64_t whole_pages(uint64_t bytes) {
  return (bytes + kPage - 1) / kPage * kPage;
}

}  // namespace

bool SharedMemory::create(uint32_t workers, std::span<const std::string_view> pairs, uint64_t ring_slots) {
  const uint64_t stats_bytes = whole_pages(sizeof(WorkerStats));
  const uint64_t ring_bytes = whole_pages(sizeof(RingHeader) + ring_slots * kSlotBytes);
  const uint64_t size = whole_pages(sizeof(SharedHeader)) + workers * (stats_bytes + ring_bytes);
  fd_ = memfd_create("sluice-shared", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (fd_ < 0 || ftruncate(fd_, static_cast<off_t>(size)) != 0) return false;
  if (fcntl(fd_, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) return false;
  void* memory = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd_, 0);
  if (memory == MAP_FAILED) return false;
  size_ = size;
  header_ = new (memory) SharedHeader{};
  header_->magic = kSharedMagic;
  header_->version = kSharedVersion;
  header_->worker_count = workers;
  header_->pair_count = static_cast<uint32_t>(pairs.size());
  header_->size = size;
  if (getrandom(&header_->boot, sizeof header_->boot, 0) != sizeof header_->boot) return false;
  for (size_t pair = 0; pair < pairs.size(); ++pair)
    std::memcpy(header_->pairs[pair], pairs[pair].data(), std::min(pairs[pair].size(), kPairNameBytes - 1));
  uint64_t offset = whole_pages(sizeof(SharedHeader));
  for (uint32_t worker = 0; worker < workers; ++worker) {
    header_->workers[worker] = {offset, offset + stats_bytes};
    new (at(offset)) WorkerStats{};
    auto* ring = new (at(offset + stats_bytes)) RingHeader{};
    ring->slot_count = ring_slots;
    offset += stats_bytes + ring_bytes;
  }
  return true;
}

SharedMemory::~SharedMemory() {
  if (header_ != nullptr) munmap(header_, size_);
  if (fd_ >= 0) close(fd_);
}

WorkerStats& SharedMemory::stats(uint32_t worker) const {
  return *reinterpret_cast<WorkerStats*>(at(header_->workers[worker].stats_offset));
}

RingHeader& SharedMemory::ring(uint32_t worker) const {
  return *reinterpret_cast<RingHeader*>(at(header_->workers[worker].ring_offset));
}

}  // namespace sluice
