// log: the producer's side of a worker's ring.
#include "dataplane/log/event_ring.h"

#include <algorithm>
#include <cstring>
#include <iterator>

namespace sluice {

EventRing::EventRing(RingHeader& header, uint64_t slot_count)
    : header_(header),
      slot_count_(slot_count),
      next_(header.head.load(std::memory_order_relaxed)),
      tail_(next_ - slot_count),  // full, until room() has looked
      last_number_(last_number_of(header, next_).value_or(0)) {}

std::byte* EventRing::slot(uint64_t position) const {
  auto* slots = reinterpret_cast<std::byte*>(&header_) + sizeof(RingHeader);
  return slots + (position & (slot_count_ - 1)) * kSlotBytes;
}

uint64_t EventRing::room() {
  // The tail is the other process's word: one that lies ahead of the head, or further behind than the ring is
  // long, is ignored, and the ring counts as full until it makes sense again.
  if (next_ - tail_ + kMaxRecordSlots > slot_count_) {
    const uint64_t tail = header_.tail.load(std::memory_order_acquire);
    if (next_ - tail <= slot_count_) tail_ = tail;
  }
  return slot_count_ - (next_ - tail_);
}

bool EventRing::full() {
  return room() < kMaxRecordSlots;
}

uint64_t EventRing::push(Record record, std::string_view name) {
  const uint64_t number = ++last_number_;
  const size_t size = std::min(name.size(), kMaxName);
  record.number = number;
  record.slots = slots_for(size, record.ended);
  record.name_size = static_cast<uint8_t>(size);
  if (room() < record.slots) {
    mark_number(header_, number, next_);
    ++lost_;
    return 0;
  }
  mark_number(header_, number, next_ + record.slots);
  const size_t in_first = record.ended == Ended::No ? std::min(size, kNameInFirstSlot) : 0;
  if (record.ended == Ended::No)
    std::fill(std::copy_n(name.begin(), in_first, record.name), std::end(record.name), '\0');
  std::memcpy(slot(next_), &record, kSlotBytes);
  for (size_t done = in_first, at = 1; done < size; ++at) {
    const size_t part = std::min(size - done, kSlotBytes);
    std::memcpy(slot(next_ + at), name.data() + done, part);
    done += part;
  }
  next_ += record.slots;
  header_.head.store(next_, std::memory_order_release);
  ++written_;
  return number;
}

}  // namespace sluice
