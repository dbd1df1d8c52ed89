// accesslog: reads records out of a worker's ring in shared memory.
#pragma once

#include <cstdint>
#include <string_view>

#include "control/link/shared_region.h"
#include "dataplane/contract/record.h"

namespace sluice::control {

/// A record and its name, copied out of the ring and checked.
struct RingItem {
  Record record{};
  uint64_t lost = 0;  ///< records that were to come before it and never did
  char name_bytes[kMaxName] = {};
  std::string_view name() const { return {name_bytes, record.name_size}; }
};

/// The consumer's side of one ring. One thread. What the other process writes is never trusted: positions
/// beyond the ring, records that do not fit and enumerators out of range are counted and passed over.
class RingReader {
 public:
  struct Counts {
    uint64_t read = 0;
    uint64_t malformed = 0;  ///< slots passed over
    uint64_t lost = 0;       ///< numbers that never came
    uint64_t doubles = 0;    ///< records that were in the log already
  };

  /// Begins at the ring's tail. ring: its memory outlives the reader. last_logged: the highest number that
  /// the log holds of this worker, 0 where it holds none; records up to it are doubles.
  RingReader(const Ring& ring, uint64_t last_logged);

  /// Takes the next record. Returns false where none is there yet.
  [[nodiscard]] bool next(RingItem& out);

  /// True where all that was published has been read.
  [[nodiscard]] bool empty() const;

  /// What is published by now is all that is_done() waits for.
  void set_last();
  /// True where all that was published at set_last() has been given back.
  [[nodiscard]] bool is_done() const { return static_cast<int64_t>(released_ - last_) >= 0; }

  /// Slots that were read and not given back.
  uint64_t held() const { return position_ - released_; }
  uint64_t slot_count() const { return ring_.slot_count; }

  /// Gives the slots of all that was read back to the worker: call it when they are safe on disk.
  void release();

  const Counts& counts() const { return counts_; }
  /// Of the last record that was read; 0 before the first.
  uint32_t last_generation() const { return last_generation_; }
  int64_t last_time_ns() const { return last_time_ns_; }

 private:
  void copy(uint64_t position, void* out, size_t bytes) const;
  bool take(uint64_t available, RingItem& out);

  Ring ring_;
  uint64_t position_;     ///< of the next slot to be read
  uint64_t released_;     ///< what stands before it was given back
  uint64_t last_;         ///< as set_last() found the head
  uint64_t last_number_;  ///< 0: not known
  uint64_t first_new_;    ///< numbers below it are in the log
  uint32_t last_generation_ = 0;
  int64_t last_time_ns_ = 0;
  Counts counts_;
};

/// Slots that are published and not yet given back; at most the ring's. Any thread.
[[nodiscard]] uint64_t ring_used(const Ring& ring);

}  // namespace sluice::control
