// log: writes records into a worker's ring in shared memory.
#pragma once

#include <cstdint>
#include <string_view>

#include "dataplane/contract/shared.h"

namespace sluice {

/// The producer's side of one ring. One thread. What the other process writes (the tail) is never trusted.
class EventRing {
 public:
  /// header: followed at once by header.slot_count slots (a power of two). Goes on behind what is in it, with
  /// the next number.
  explicit EventRing(RingHeader& header) : EventRing(header, header.slot_count) {}
  /// The same where the other process may have written to slot_count.
  EventRing(RingHeader& header, uint64_t slot_count);

  /// Numbers the record, fills in slots and name, and publishes it with one release store.
  /// Returns its number; 0 where the ring is full: the record is lost, and its number too, so that the gap
  /// shows.
  uint64_t push(Record record, std::string_view name);

  /// True where a record of the largest size does not fit.
  [[nodiscard]] bool full();
  /// Of the last record, lost or not; 0 before the first.
  uint64_t last_number() const { return last_number_; }
  /// Since this object began.
  uint64_t written() const { return written_; }
  uint64_t lost() const { return lost_; }

 private:
  std::byte* slot(uint64_t position) const;
  /// Free slots, as far as is known without reading the other side's cache line more often than needed.
  uint64_t room();

  RingHeader& header_;
  const uint64_t slot_count_;
  uint64_t next_, tail_;
  uint64_t last_number_ = 0;
  uint64_t written_ = 0, lost_ = 0;
};

}  // namespace sluice
