// tests: records into a ring that somebody else empties.
#include "dataplane/log/event_ring.h"

#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <new>
#include <string>

namespace sluice {
namespace {

constexpr uint64_t kSlots = 16;

/// A ring in memory of exactly its size.
struct Ring {
  Ring() : memory(static_cast<std::byte*>(std::aligned_alloc(64, sizeof(RingHeader) + kSlots * kSlotBytes))) {
    header = new (memory) RingHeader{};
    header->slot_count = kSlots;
  }
  ~Ring() { std::free(memory); }
  const std::byte* slot(uint64_t position) const {
    return memory + sizeof(RingHeader) + (position % kSlots) * kSlotBytes;
  }
  Record record_at(uint64_t position) const {
    Record record;
    std::memcpy(&record, slot(position), sizeof record);
    return record;
  }
  std::string name_at(uint64_t position) const {
    const Record record = record_at(position);
    std::string name(record.name, std::min<size_t>(record.name_size, kNameInFirstSlot));
    for (uint64_t at = 1; name.size() < record.name_size; ++at)
      name.append(reinterpret_cast<const char*>(slot(position + at)),
                  std::min<size_t>(record.name_size - name.size(), kSlotBytes));
    return name;
  }
  std::byte* memory;
  RingHeader* header;
};

TEST(EventRing, NamesOfEveryLengthComeBackAlsoAroundTheEnd) {
  Ring ring;
  EventRing events(*ring.header);
  for (size_t size = 0; size <= kMaxName; ++size) {
    const uint64_t at = ring.header->head.load();
    const std::string name(size, static_cast<char>('a' + size % 26));
    ASSERT_EQ(events.push(Record{}, name), size + 1);
    EXPECT_EQ(ring.header->head.load() - at, slots_for(size));
    EXPECT_EQ(ring.name_at(at), name);
    EXPECT_EQ(ring.record_at(at).number, size + 1);
    ring.header->tail.store(ring.header->head.load());
  }
}

TEST(EventRing, AnEndsNameBeginsBehindItsFirstSlot) {
  Ring ring;
  EventRing events(*ring.header);
  for (size_t size = 0; size <= kMaxName; ++size) {
    const uint64_t at = ring.header->head.load();
    const std::string name(size, static_cast<char>('a' + size % 26));
    Record end{};
    end.ended = Ended::Reset;
    end.end = {.access = 7,
               .source_packets = 1,
               .destination_packets = 2,
               .duration_ms = 3,
               .idle_ms = 4,
               .left_out = 5,
               .reserved = 0};
    ASSERT_NE(events.push(end, name), 0u);
    EXPECT_EQ(ring.header->head.load() - at, 1 + (size + kSlotBytes - 1) / kSlotBytes);
    const Record record = ring.record_at(at);
    EXPECT_EQ(std::memcmp(&record.end, &end.end, sizeof end.end), 0);
    std::string got;
    for (uint64_t slot = 1; got.size() < size; ++slot)
      got.append(reinterpret_cast<const char*>(ring.slot(at + slot)),
                 std::min(size - got.size(), kSlotBytes));
    EXPECT_EQ(got, name);
    ring.header->tail.store(ring.header->head.load());
  }
}

TEST(EventRing, FullRingLosesTheRecordAndItsNumber) {
  Ring ring;
  EventRing events(*ring.header);
  for (uint64_t i = 0; i < kSlots; ++i) ASSERT_NE(events.push(Record{}, "a"), 0u);
  EXPECT_TRUE(events.full());
  EXPECT_EQ(events.push(Record{}, "lost"), 0u);
  EXPECT_EQ(events.lost(), 1u);
  ring.header->tail.store(1);
  EXPECT_EQ(events.push(Record{}, "b"), kSlots + 2) << "the gap shows";
  EXPECT_EQ(events.written(), kSlots + 1);
}

TEST(EventRing, ATailThatMakesNoSenseIsIgnored) {
  Ring ring;
  EventRing events(*ring.header);
  for (uint64_t i = 0; i < kSlots; ++i) ASSERT_NE(events.push(Record{}, "a"), 0u);
  for (uint64_t tail : {uint64_t{kSlots + 1}, ~uint64_t{0}, uint64_t{1} << 63}) {
    ring.header->tail.store(tail);
    EXPECT_EQ(events.push(Record{}, "x"), 0u) << tail;
  }
  ring.header->tail.store(4);
  EXPECT_NE(events.push(Record{}, "x"), 0u);
}

/// A worker may be stopped between any two of its stores; the next one goes on with the number after the last
/// record that was published or lost.
TEST(EventRing, TheNextWorkerGoesOnWhereverTheOneBeforeWasStopped) {
  for (const uint64_t room : {kSlots, uint64_t{2}}) {  // with room for all records, and with all but two lost
    Ring ring;
    ring.header->tail.store(room - kSlots);
    EventRing events(*ring.header);
    for (uint64_t before = 1; before < 6; ++before) {
      ASSERT_EQ(EventRing(*ring.header).last_number(), before - 1);
      const uint64_t head = ring.header->head.load(), number = before;
      RingHeader::Mark& mark = ring.header->marks[number % 2];
      const uint64_t old_head = mark.head.load(), old_number = mark.number.load();
      const bool fits = head + 1 - ring.header->tail.load() <= kSlots;
      // Stopped after the mark's head, and after both.
      mark.head.store(head + (fits ? 1 : 0));
      EXPECT_EQ(EventRing(*ring.header).last_number(), number - 1) << "its number is not taken yet";
      mark.number.store(number);
      EXPECT_EQ(EventRing(*ring.header).last_number(), fits ? number - 1 : number);
      mark.head.store(old_head);
      mark.number.store(old_number);
      EXPECT_EQ(events.push(Record{}, ""), fits ? number : 0);
    }
  }
}

TEST(EventRing, TheNextWorkerOverwritesNothingThatIsUnread) {
  Ring ring;
  EventRing before(*ring.header);
  for (uint64_t i = 0; i < kSlots; ++i) before.push(Record{}, "");
  EventRing next(*ring.header);
  EXPECT_TRUE(next.full());
  EXPECT_EQ(next.push(Record{}, ""), 0U);
  ring.header->tail.store(1);
  EXPECT_EQ(next.push(Record{}, ""), kSlots + 2) << "the lost one keeps its number";
}

}  // namespace
}  // namespace sluice
