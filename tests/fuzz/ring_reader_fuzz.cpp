// tests: RingReader takes any ring, keeps to its bounds and ends.
#include "control/accesslog/ring_reader.h"

#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>

#include "control/accesslog/format.h"

using namespace sluice;

/// The first bytes are head, tail and the number that the log ends with; the rest is the ring's slots.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr uint64_t kSlots = 8;
  struct Heap {
    RingHeader header{};
    std::byte slots[kSlots * kSlotBytes]{};
  };
  const auto heap = std::make_unique<Heap>();
  uint8_t places[3] = {};
  std::memcpy(places, data, std::min(size, sizeof places));
  const size_t begin = std::min(size, sizeof places);
  std::memcpy(heap->slots, data + begin, std::min(size - begin, sizeof heap->slots));
  heap->header.slot_count = kSlots;
  heap->header.head = places[0];
  heap->header.tail = places[1];
  control::RingReader reader(control::Ring{&heap->header, heap->slots, kSlots}, places[2] % 4);
  control::RingItem item;
  const auto names = control::ImageNames::only_site("site");
  size_t taken = 0;
  while (reader.next(item)) {
    if (item.record.name_size > kMaxName || ++taken > kSlots) std::abort();
    const std::string line = control::format_record(item.record, item.name(), names, "line", "id");
    if (line.empty() || line.back() != '}' || line.find('\n') != std::string::npos) std::abort();
  }
  if (!reader.empty()) std::abort();
  reader.release();
  return 0;
}
