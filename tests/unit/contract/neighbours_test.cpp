// contract tests: the table of neighbours, and its slots that are read while they are written.
#include "dataplane/contract/neighbours.h"

#include <gtest/gtest.h>

#include <memory>
#include <thread>

namespace sluice {
namespace {

Neighbour neighbour(uint32_t number, int64_t seen_ns = 1) {
  const uint8_t four[] = {10, static_cast<uint8_t>(number >> 16), static_cast<uint8_t>(number >> 8),
                          static_cast<uint8_t>(number)};
  Neighbour out{Address::from_v4(four), {2, 0, 0, four[1], four[2], four[3]}, 20, seen_ns};
  return out;
}

size_t found(const NeighbourTable& table, uint32_t number) {
  size_t count = 0;
  for (const NeighbourSlot& slot : table.slots) {
    Neighbour there;
    EXPECT_TRUE(slot.read(there));
    count += there.seen_ns != 0 && there.address == neighbour(number).address;
  }
  return count;
}

TEST(Neighbours, ASlotSaysWhatWasWritten) {
  NeighbourSlot slot;
  Neighbour out;
  ASSERT_TRUE(slot.read(out));
  EXPECT_EQ(out.seen_ns, 0);
  slot.write(neighbour(7, 1'795'406'706'000'000'000));
  ASSERT_TRUE(slot.read(out));
  EXPECT_EQ(out.address, neighbour(7).address);
  EXPECT_EQ(std::memcmp(out.mac, neighbour(7).mac, sizeof out.mac), 0);
  EXPECT_EQ(out.vlan, 20);
  EXPECT_EQ(out.seen_ns, 1'795'406'706'000'000'000);
}

TEST(Neighbours, AnAddressHasOneSlot) {
  const auto table = std::make_unique<NeighbourTable>();
  for (int64_t i = 1; i < 10; ++i) table->note(neighbour(7, i));
  EXPECT_EQ(found(*table, 7), 1u);
  EXPECT_EQ(table->written.get(), 9u);
  EXPECT_EQ(table->overwritten.get(), 0u);
}

TEST(Neighbours, FullTheOldestOfItsPlaceGivesWayAndThatIsCounted) {
  const auto table = std::make_unique<NeighbourTable>();
  constexpr uint32_t kMany = 3 * NeighbourTable::kSlots;
  for (uint32_t i = 1; i <= kMany; ++i) table->note(neighbour(i, i));
  size_t there = 0;
  for (uint32_t i = 1; i <= kMany; ++i) there += found(*table, i);
  EXPECT_EQ(there + table->overwritten.get(), kMany);
  EXPECT_EQ(found(*table, kMany), 1u);
}

TEST(Neighbours, ReadWhileWrittenASlotIsWholeOrSaysSo) {
  NeighbourSlot slot;
  slot.write(neighbour(0, 1));
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    for (uint32_t i = 0; !stop.load(std::memory_order_relaxed); ++i) slot.write(neighbour(i, 1 + i));
  });
  for (int i = 0; i < 200'000; ++i) {
    Neighbour out;
    if (!slot.read(out)) continue;
    const auto number = static_cast<uint32_t>(out.seen_ns - 1);
    ASSERT_EQ(out.address, neighbour(number).address);
    ASSERT_EQ(std::memcmp(out.mac, neighbour(number).mac, sizeof out.mac), 0);
  }
  stop = true;
  writer.join();
}

}  // namespace
}  // namespace sluice
