// contract: the shared memory that the data plane makes: one header, a block of counters and a ring for each
// worker.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "dataplane/contract/record.h"
#include "dataplane/contract/stats.h"

namespace sluice {

inline constexpr uint64_t kSharedMagic = 0x3144524853554c53;  // "SLUSHRD1" as bytes
inline constexpr uint32_t kSharedVersion = 7;
inline constexpr size_t kPairNameBytes = 32;  ///< of a line's name, with its final zero

/// A single-producer single-consumer ring of slots. Positions count slots for ever; slot p lies at p & (slots
/// - 1).
struct RingHeader {
  /// The number of a record, and where the head stands once it is in the ring, or lost.
  struct Mark {
    std::atomic<uint64_t> head, number;
  };
  uint64_t slot_count;                     ///< a power of two; written once
  alignas(64) std::atomic<uint64_t> head;  ///< written by the worker: all slots before it are complete
  Mark marks[2];  ///< of the last two numbers, by their lowest bit; written by the worker before the head
  alignas(64) std::atomic<uint64_t> tail;  ///< written by control: all slots before it are synced to disk
};

/// Takes a number for a record whose end the head will be. The head of the mark goes first, so that a mark
/// that is half written fits no head, or bears the number that it had.
inline void mark_number(RingHeader& ring, uint64_t number, uint64_t head) {
  RingHeader::Mark& mark = ring.marks[number % 2];
  mark.head.store(head, std::memory_order_release);
  mark.number.store(number, std::memory_order_release);
}
/// The last number of a ring whose worker is gone, wherever it was stopped: that of the last record before
/// head, or of a later one that was lost. A record that was not published gave its number back. None where no
/// worker left the ring so.
[[nodiscard]] inline std::optional<uint64_t> last_number_of(const RingHeader& ring, uint64_t head) {
  std::optional<uint64_t> last;
  for (const RingHeader::Mark& mark : ring.marks)
    if (mark.head.load(std::memory_order_acquire) == head)
      last = std::max(last.value_or(0), mark.number.load(std::memory_order_acquire));
  return last;
}

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
  uint64_t boot;  ///< chosen at random when the memory is made: numbers of records count from it, and go on
                  ///< where another data plane goes on in the same memory
  char pairs[kMaxPairs][kPairNameBytes];  ///< names of the lines, zero-terminated
  SharedWorker workers[kMaxWorkers];
  uint32_t links[kMaxPairs][2];  ///< LinkState, [pair][0: LAN, 1: line]: see set_link
  uint64_t starts;               ///< data planes that began in this memory: see note_start
  uint64_t memory_refused;  ///< by them: memories that were kept for them, and were not what they must be
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

/// A data plane begins. Control, if there, reads both figures meanwhile, as start_figures_of does.
inline void note_start(SharedHeader& header, uint64_t memory_refused) {
  for (const auto& [figure, more] :
       {std::pair(&header.starts, uint64_t{1}), std::pair(&header.memory_refused, memory_refused)})
    std::atomic_ref(*figure).fetch_add(more, std::memory_order_relaxed);
}
struct StartFigures {
  uint64_t starts, memory_refused;
};
inline StartFigures start_figures_of(SharedHeader& header) {
  return {std::atomic_ref(header.starts).load(std::memory_order_relaxed),
          std::atomic_ref(header.memory_refused).load(std::memory_order_relaxed)};
}

}  // namespace sluice
