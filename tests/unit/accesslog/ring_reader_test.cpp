// accesslog tests: the consumer's side of a ring, honest and hostile.
#include "control/accesslog/ring_reader.h"

#include <gtest/gtest.h>

#include <random>

#include "tests/unit/link/fake_shared.h"

namespace sluice::control {
namespace {

struct RingReaderTest : testing::Test {
  FakeShared shared{1, 16};
  std::string error;
  std::shared_ptr<SharedRegion> region = SharedRegion::map(shared.fd.get(), error);
  RingItem item;
};

TEST_F(RingReaderTest, NamesOfEveryLengthComeThroughWhole) {
  RingReader reader(region->ring(0), 0);
  for (size_t size = 0; size <= kMaxName; ++size) {
    const std::string name(size, static_cast<char>('a' + size % 26));
    ASSERT_TRUE(shared.push(name));
    ASSERT_TRUE(reader.next(item)) << size;
    EXPECT_EQ(item.name(), name);
    EXPECT_EQ(item.record.number, size + 1);
    reader.release();
  }
  EXPECT_FALSE(reader.next(item));
  EXPECT_TRUE(reader.empty());
  EXPECT_EQ(reader.counts().malformed, 0u);
  EXPECT_EQ(shared.ring().tail.load(), shared.ring().head.load());
}

TEST_F(RingReaderTest, TailMovesOnlyOnRelease) {
  RingReader reader(region->ring(0), 0);
  shared.push("a");
  ASSERT_TRUE(reader.next(item));
  EXPECT_EQ(shared.ring().tail.load(), 0u);
  EXPECT_EQ(ring_used(region->ring(0)), 1u);
  reader.release();
  EXPECT_EQ(shared.ring().tail.load(), 1u);
  EXPECT_EQ(ring_used(region->ring(0)), 0u);
}

TEST_F(RingReaderTest, WhatIsInTheLogIsADouble) {
  for (int i = 0; i < 5; ++i) {
    shared.push("a");
  }
  RingReader reader(region->ring(0), 3);
  ASSERT_TRUE(reader.next(item));
  EXPECT_EQ(item.record.number, 4u);
  EXPECT_EQ(reader.counts().doubles, 3u);
  EXPECT_EQ(reader.counts().lost, 0u);
}

TEST_F(RingReaderTest, GapIsCountedAsLost) {
  RingReader reader(region->ring(0), 0);
  shared.push("a");
  shared.next_number[0] += 7;
  shared.push("b");
  EXPECT_TRUE(reader.next(item) && reader.next(item));
  EXPECT_EQ(reader.counts().lost, 7u);
}

TEST_F(RingReaderTest, FullRingLosesTheNumbersThatDidNotFit) {
  RingReader reader(region->ring(0), 0);
  int pushed = 0;
  for (int i = 0; i < 20; ++i) {
    pushed += shared.push("a") ? 1 : 0;
  }
  EXPECT_EQ(pushed, 16);
  while (reader.next(item)) {
  }
  reader.release();
  shared.push("b");
  ASSERT_TRUE(reader.next(item));
  EXPECT_EQ(item.record.number, 21u);
  EXPECT_EQ(reader.counts().lost, 4u);
}

TEST_F(RingReaderTest, RecordThatDoesNotFitIsPassedOver) {
  const std::string long_name(100, 'x');
  for (size_t at = 16; at < 24; ++at) {  // slots and the enumerators
    for (const uint8_t value : {uint8_t{9}, uint8_t{200}, uint8_t{255}}) {
      FakeShared fresh{1, 16};
      region = SharedRegion::map(fresh.fd.get(), error);
      RingReader reader(region->ring(0), 0);
      fresh.push("before");
      fresh.push(long_name);
      fresh.push("after");
      if (at == 18 || at == 20) {
        continue;  // TTL and transport may be anything
      }
      fresh.slot(1)[at] = std::byte{value};
      ASSERT_TRUE(reader.next(item));
      const bool second = reader.next(item);
      if ((at == 19 || at == 21) && value == 9) {
        EXPECT_EQ(item.name(), long_name);  // a reason and a protocol that exist
        continue;
      }
      ASSERT_TRUE(second);
      EXPECT_EQ(item.name(), "after") << at << " " << int{value};
      EXPECT_EQ(reader.counts().malformed, 2u);
      EXPECT_EQ(reader.counts().lost, 1u);
    }
  }
}

Record an_end() {
  Record record{};
  record.ended = Ended::Fin;
  record.source_bytes = 100;
  record.end = {.access = 1,
                .source_packets = 3,
                .destination_packets = 0,
                .duration_ms = 20,
                .idle_ms = 10,
                .left_out = 0,
                .reserved = 0};
  return record;
}

TEST_F(RingReaderTest, EndsWithNamesOfEveryLengthComeThroughWhole) {
  RingReader reader(region->ring(0), 0);
  ASSERT_TRUE(shared.push("an access"));
  ASSERT_TRUE(reader.next(item));
  for (size_t size = 0; size <= kMaxName; ++size) {
    const std::string name(size, static_cast<char>('a' + size % 26));
    ASSERT_TRUE(shared.push(an_end(), name));
    ASSERT_TRUE(reader.next(item)) << size;
    EXPECT_EQ(item.name(), name);
    EXPECT_EQ(item.record.end.source_packets, 3u);
    reader.release();
  }
  EXPECT_EQ(reader.counts().malformed, 0u);
}

TEST_F(RingReaderTest, AnEndThatCannotBeIsPassedOver) {
  const std::pair<const char*, void (*)(Record&)> lies[] = {
      {"leads to itself", [](Record& record) { record.end.access = 2; }},
      {"leads to what comes", [](Record& record) { record.end.access = ~uint64_t{0}; }},
      {"bytes without packets", [](Record& record) { record.end.source_packets = 0; }},
      {"bytes without packets", [](Record& record) { record.destination_bytes = 1; }},
      {"reserved", [](Record& record) { record.end.reserved = 1; }},
      {"no such end", [](Record& record) { record.ended = static_cast<Ended>(kEndedCount); }},
      {"an access of its slots", [](Record& record) { record.ended = Ended::No; }},
  };
  for (const auto& [what, lie] : lies) {
    FakeShared fresh{1, 16};
    region = SharedRegion::map(fresh.fd.get(), error);
    RingReader reader(region->ring(0), 0);
    fresh.push("before");
    fresh.push(an_end(), "a name in the second slot");
    fresh.push("after");
    Record record;
    std::memcpy(&record, fresh.slot(1), sizeof record);
    lie(record);
    std::memcpy(fresh.slot(1), &record, sizeof record);
    ASSERT_TRUE(reader.next(item));
    ASSERT_TRUE(reader.next(item));
    EXPECT_EQ(item.name(), "after") << what;
    EXPECT_EQ(reader.counts().malformed, 2u) << what;
    EXPECT_EQ(reader.counts().lost, 1u) << what;
  }
}

TEST_F(RingReaderTest, ImpossibleHeadIsResynchronised) {
  RingReader reader(region->ring(0), 0);
  shared.ring().head = 1'000'000;
  EXPECT_FALSE(reader.next(item));
  EXPECT_GT(reader.counts().malformed, 0u);
  reader.release();
  shared.push("a");
  ASSERT_TRUE(reader.next(item));
  EXPECT_EQ(item.name(), "a");
}

TEST_F(RingReaderTest, ImpossibleTailIsResynchronised) {
  shared.ring().tail = 999;
  RingReader reader(region->ring(0), 0);
  EXPECT_FALSE(reader.next(item));
  reader.release();
  shared.push("a");
  ASSERT_TRUE(reader.next(item));
}

TEST_F(RingReaderTest, NumberThatGoesBackIsPassedOver) {
  RingReader reader(region->ring(0), 0);
  shared.push("a");
  shared.push("b");
  shared.next_number[0] = 0;
  shared.push("again");
  shared.next_number[0] = 2;
  shared.push("c");
  for (const char* name : {"a", "b", "c"}) {
    ASSERT_TRUE(reader.next(item));
    EXPECT_EQ(item.name(), name);
  }
}

TEST_F(RingReaderTest, GarbageNeverReadsOutside) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 3000; ++round) {
    const size_t from = sizeof(RingHeader) + shared.header().workers[0].ring_offset;
    for (size_t at = from; at + 8 <= shared.size; at += 8) {
      uint64_t value = random();
      if (at % kSlotBytes == from % kSlotBytes + 16 && round % 2 == 0) {
        value = value % 3 + 1;  // plausible slots, and small enumerators
      }
      std::memcpy(shared.memory + at, &value, sizeof value);
    }
    shared.ring().head = round % 3 == 0 ? random() : shared.ring().tail.load() + random() % 17;
    RingReader reader(region->ring(0), 0);
    while (reader.next(item)) {
      ASSERT_LE(item.record.name_size, kMaxName);
    }
    reader.release();
  }
}

}  // namespace
}  // namespace sluice::control
