// link tests: shared memory as a data plane makes it, and a producer for its rings.
#pragma once

#include <sys/mman.h>

#include <cstring>
#include <memory>
#include <new>
#include <string>

#include "control/base/unique_fd.h"
#include "dataplane/contract/shared.h"

namespace sluice::control {

/// A memfd with a header, and for each worker counters and a ring. Everything is public: tests break it.
struct FakeShared {
  UniqueFd fd;
  size_t size = 0;
  std::byte* memory = nullptr;
  uint64_t next_number[kMaxWorkers] = {};

  explicit FakeShared(uint32_t workers = 1, uint64_t slots = 64, uint64_t boot = 0xb007) {
    const size_t stats_bytes = sizeof(WorkerStats);
    const size_t ring_bytes = sizeof(RingHeader) + slots * kSlotBytes;
    const size_t header_bytes = (sizeof(SharedHeader) + 63) / 64 * 64;
    size = header_bytes + workers * (stats_bytes + ring_bytes);
    fd.reset(::memfd_create("fake-shared", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    if (::ftruncate(fd.get(), static_cast<off_t>(size)) != 0) {
      std::abort();
    }
    memory = static_cast<std::byte*>(::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0));
    auto* shared = new (memory) SharedHeader{};
    shared->magic = kSharedMagic;
    shared->version = kSharedVersion;
    shared->worker_count = workers;
    shared->pair_count = 1;
    shared->size = size;
    shared->boot = boot;
    std::strcpy(shared->pairs[0], "iplc-sg");
    for (uint32_t i = 0; i < workers; ++i) {
      SharedWorker& worker = shared->workers[i];
      worker.stats_offset = header_bytes + i * (stats_bytes + ring_bytes);
      worker.ring_offset = worker.stats_offset + stats_bytes;
      new (memory + worker.stats_offset) WorkerStats{};
      auto* ring = new (memory + worker.ring_offset) RingHeader{};
      ring->slot_count = slots;
    }
  }
  FakeShared(const FakeShared&) = delete;
  ~FakeShared() { ::munmap(memory, size); }

  SharedHeader& header() { return *reinterpret_cast<SharedHeader*>(memory); }
  RingHeader& ring(uint32_t worker = 0) {
    return *reinterpret_cast<RingHeader*>(memory + header().workers[worker].ring_offset);
  }
  WorkerStats& stats(uint32_t worker = 0) {
    return *reinterpret_cast<WorkerStats*>(memory + header().workers[worker].stats_offset);
  }
  std::byte* slot(uint64_t position, uint32_t worker = 0) {
    RingHeader& found = ring(worker);
    return reinterpret_cast<std::byte*>(&found + 1) + (position & (found.slot_count - 1)) * kSlotBytes;
  }

  /// Publishes one record as a worker does. Returns false where the ring is full; the number is used up then
  /// too.
  bool push(const std::string& name, uint32_t generation = 1, uint32_t worker = 0) {
    return push(Record{}, name, generation, worker);
  }
  /// The same of an end, or of an access that has something in it.
  bool push(Record record, const std::string& name, uint32_t generation = 1, uint32_t worker = 0) {
    record.time_ns = 1'795'406'706'000'000'000;
    record.transport = 6;
    record.vlan = kNoVlan;
    record.generation = generation;
    record.rule = record.list = record.network = 0;
    return publish(record, name, worker);
  }
  /// The same of a record as it is, but for its number, its slots and its name.
  bool publish(Record record, const std::string& name, uint32_t worker) {
    record.number = ++next_number[worker];
    record.slots = slots_for(name.size(), record.ended);
    record.name_size = static_cast<uint8_t>(name.size());
    RingHeader& found = ring(worker);
    const uint64_t head = found.head.load(std::memory_order_relaxed);
    if (head + record.slots - found.tail.load(std::memory_order_acquire) > found.slot_count) {
      return false;
    }
    const size_t in_first = record.ended == Ended::No ? std::min(name.size(), kNameInFirstSlot) : 0;
    std::memcpy(record.name, name.data(), in_first);
    std::memcpy(slot(head, worker), &record, sizeof record);
    for (size_t done = in_first, at = 1; done < name.size(); done += kSlotBytes, ++at) {
      std::memcpy(slot(head + at, worker), name.data() + done, std::min(name.size() - done, kSlotBytes));
    }
    found.head.store(head + record.slots, std::memory_order_release);
    return true;
  }
};

}  // namespace sluice::control
