// contract: the shared memory that the data plane makes: one header, a block of counters and a ring for each
// worker.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "dataplane/contract/record.h"
#include "dataplane/contract/stats.h"

namespace sluice {

inline constexpr uint64_t kSharedMagic = 0x3144524853554c53;  // "SLUSHRD1" as bytes
inline constexpr uint32_t kSharedVersion = 6;
inline constexpr size_t kPairNameBytes = 32;  ///< of a line's name, with its final zero

/// A single-producer single-consumer ring of slots. Positions count slots for ever; slot p lies at p & (slots
/// - 1).
struct RingHeader {
  uint64_t slot_count;                     ///< a power of two; written once
  alignas(64) std::atomic<uint64_t> head;  ///< written by the worker: all slots before it are complete
  alignas(64) std::atomic<uint64_t> tail;  ///< written by control: all slots before it are synced to disk
};

struct SharedWorker {
  uint64_t stats_offset;  ///< of a WorkerStats, from the start of the mapping
  uint64_t ring_offset;   ///< of a RingHeader; its slots follow it at once (kSlotBytes each)
};

struct SharedHeader {
  uint64_t magic;    ///< kSharedMagic
  uint32_t version;  ///< kSharedVersion
  uint32_t worker_count;
  uint32_t pair_count;
  uint32_t reserved;
  uint64_t size;  ///< bytes of the whole mapping
  uint64_t boot;  ///< chosen at random by the data plane at start: numbers of records count from it
  char pairs[kMaxPairs][kPairNameBytes];  ///< names of the lines, zero-terminated
  SharedWorker workers[kMaxWorkers];
  uint32_t links[kMaxPairs][2];  ///< LinkState, [pair][0: LAN, 1: line]: see set_link
};

/// pair: below kMaxPairs; side: 0 LAN, 1 line. One thread of the data plane writes.
inline void set_link(SharedHeader& header, size_t pair, size_t side, LinkState state) {
  std::atomic_ref(header.links[pair][side]).store(static_cast<uint32_t>(state), std::memory_order_relaxed);
}
/// The same place, read while it is written; what is none of LinkState is Unknown.
inline LinkState link_of(SharedHeader& header, size_t pair, size_t side) {
  const uint32_t state = std::atomic_ref(header.links[pair][side]).load(std::memory_order_relaxed);
  return state <= static_cast<uint32_t>(LinkState::Up) ? static_cast<LinkState>(state) : LinkState::Unknown;
}

}  // namespace sluice
