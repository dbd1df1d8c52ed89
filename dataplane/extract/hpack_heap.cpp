// extract: the memory of one HPACK decoder: chunks that know their neighbours, free ones listed by size.
#include "dataplane/extract/hpack_heap.h"

#include <algorithm>
#include <bit>

namespace sluice {
namespace {

constexpr unsigned kProbes = 8;  ///< free chunks looked at in a class where not all are large enough

unsigned class_of(uint32_t size) {
  return static_cast<unsigned>(std::bit_width(size)) - 1;
}

}  // namespace

void HpackHeap::reset() {
  std::ranges::fill(heads_, kNone);
  classes_ = 0;
  units_[0].before = 0;
  make_free(0, kUnits);
}

void* HpackHeap::take(size_t bytes) {
  if (bytes > kHpackBytes) return nullptr;
  const auto size = static_cast<uint32_t>(1 + (bytes + sizeof(Unit) - 1) / sizeof(Unit));
  const uint16_t place = find(size);
  if (place == kNone) return nullptr;
  unlink(place);
  const uint32_t rest = units_[place].size - size;
  units_[place].size = static_cast<uint16_t>(size);
  units_[place].free = false;
  join_after(place);
  if (rest > 0) make_free(static_cast<uint16_t>(place + size), rest);
  return &units_[place + 1];
}

void HpackHeap::give_back(void* memory) {
  if (memory == nullptr) return;
  auto place = static_cast<uint16_t>(static_cast<Unit*>(memory) - units_ - 1);
  uint32_t size = units_[place].size;
  const uint32_t after = place + size;
  if (after < kUnits && units_[after].free) {
    unlink(static_cast<uint16_t>(after));
    size += units_[after].size;
  }
  const uint16_t before = units_[place].before;
  if (before != 0 && units_[place - before].free) {
    place = static_cast<uint16_t>(place - before);
    unlink(place);
    size += before;
  }
  make_free(place, size);
}

/// A chunk of a higher class is always large enough; of the same class, the first few are tried.
uint16_t HpackHeap::find(uint32_t size) const {
  const unsigned own = class_of(size);
  if (own >= kClasses) return kNone;
  uint16_t place = heads_[own];
  for (unsigned probe = 0; probe < kProbes && place != kNone; ++probe) {
    if (units_[place].size >= size) return place;
    place = units_[place].next;
  }
  const uint32_t higher = classes_ >> own >> 1;
  return higher == 0 ? kNone : heads_[own + 1 + static_cast<unsigned>(std::countr_zero(higher))];
}

void HpackHeap::make_free(uint16_t place, uint32_t size) {
  Unit& chunk = units_[place];
  chunk.size = static_cast<uint16_t>(size);
  chunk.free = true;
  uint16_t& head = heads_[class_of(size)];
  chunk.previous = kNone;
  chunk.next = head;
  if (head != kNone) units_[head].previous = place;
  head = place;
  classes_ |= 1U << class_of(size);
  join_after(place);
}

void HpackHeap::unlink(uint16_t place) {
  const Unit& chunk = units_[place];
  const unsigned own = class_of(chunk.size);
  if (chunk.next != kNone) units_[chunk.next].previous = chunk.previous;
  if (chunk.previous != kNone) {
    units_[chunk.previous].next = chunk.next;
  } else {
    heads_[own] = chunk.next;
    if (chunk.next == kNone) classes_ &= ~(1U << own);
  }
}

/// Tells the chunk after place how far back place is.
void HpackHeap::join_after(uint16_t place) {
  const uint32_t after = uint32_t{place} + units_[place].size;
  if (after < kUnits) units_[after].before = units_[place].size;
}

}  // namespace sluice
