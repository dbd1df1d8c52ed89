// accesslog: the consumer's side of a ring.
#include "control/accesslog/ring_reader.h"

#include <algorithm>
#include <cstring>

namespace sluice::control {
namespace {

/// A gap wider than this is no loss but a number that nobody wrote.
constexpr uint64_t kWidestGap = uint64_t{1} << 40;

/// What passed had packets; what was written before has a lower number.
bool well_formed_end(const Record& record) {
  const EndPart& end = record.end;
  return end.access < record.number && end.reserved == 0 &&
         (end.source_packets != 0 || record.source_bytes == 0) &&
         (end.destination_packets != 0 || record.destination_bytes == 0);
}

bool well_formed(const Record& record) {
  return record.number != 0 && record.slots >= 1 && record.slots <= kMaxRecordSlots &&
         record.name_size <= kMaxName && static_cast<size_t>(record.ended) < kEndedCount &&
         record.slots == slots_for(record.name_size, record.ended) && record.action < kActionCount &&
         record.would < kActionCount && record.reason < kReasonCount && record.protocol < kProtocolCount &&
         record.seen < std::size(kSeenWords) && record.direction <= Direction::Inbound &&
         (record.ended == Ended::No || well_formed_end(record));
}

}  // namespace

RingReader::RingReader(const Ring& ring, uint64_t last_logged)
    : ring_(ring),
      position_(ring.header->tail.load(std::memory_order_relaxed)),
      released_(position_),
      last_(position_),
      last_number_(last_logged),
      first_new_(last_logged + 1) {}

bool RingReader::next(RingItem& out) {
  while (true) {
    const uint64_t head = ring_.header->head.load(std::memory_order_acquire);
    const uint64_t available = head - position_;
    if (available == 0) {
      return false;
    }
    if (available > ring_.slot_count) {
      // A head that no worker can have set, or a tail that is not ours. Nothing between the two can be told
      // apart.
      counts_.malformed += ring_.slot_count;
      position_ = head;
      return false;
    }
    if (take(available, out)) {
      return true;
    }
  }
}

/// Moves past one record, or past one slot where no record begins. Returns true where out is a new record.
bool RingReader::take(uint64_t available, RingItem& out) {
  copy(position_, &out.record, sizeof out.record);
  const Record& record = out.record;
  if (!well_formed(record) || record.slots > available) {
    ++counts_.malformed;
    ++position_;  // the name's slots cannot pass for a record: their bytes are no valid `slots`
    return false;
  }
  const size_t in_first =
      record.ended == Ended::No ? std::min<size_t>(record.name_size, kNameInFirstSlot) : 0;
  std::memcpy(out.name_bytes, record.name, in_first);
  size_t done = in_first;
  for (uint64_t slot = 1; done < record.name_size; ++slot) {
    const size_t part = std::min<size_t>(record.name_size - done, kSlotBytes);
    copy(position_ + slot, out.name_bytes + done, part);
    done += part;
  }
  position_ += record.slots;
  if (record.number < first_new_) {
    ++counts_.doubles;
    return false;
  }
  out.lost = 0;
  if (last_number_ != 0) {
    const uint64_t step = record.number - last_number_;
    if (record.number <= last_number_ || step > kWidestGap) {
      counts_.malformed += record.slots;
      return false;
    }
    out.lost = step - 1;
    counts_.lost += out.lost;
  }
  last_number_ = record.number;
  last_generation_ = record.generation;
  last_time_ns_ = record.time_ns;
  ++counts_.read;
  return true;
}

void RingReader::set_last() {
  last_ = ring_.header->head.load(std::memory_order_acquire);
}

bool RingReader::empty() const {
  return ring_.header->head.load(std::memory_order_acquire) == position_;
}

void RingReader::release() {
  released_ = position_;
  ring_.header->tail.store(position_, std::memory_order_release);
}

void RingReader::copy(uint64_t position, void* out, size_t bytes) const {
  std::memcpy(out, ring_.slots + (position & (ring_.slot_count - 1)) * kSlotBytes, bytes);
}

uint64_t ring_used(const Ring& ring) {
  const uint64_t head = ring.header->head.load(std::memory_order_relaxed);
  const uint64_t tail = ring.header->tail.load(std::memory_order_relaxed);
  return std::min(head - tail, ring.slot_count);
}

}  // namespace sluice::control
