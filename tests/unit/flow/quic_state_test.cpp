// tests: what a worker remembers of QUIC.
#include "dataplane/flow/quic_state.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

FlowKey key_of(uint8_t server, uint16_t port = 443) {
  FlowKey key{};
  key.remote.bytes[15] = server;
  key.remote_port = port;
  return key;
}

struct Ids {
  Ids() {
    EXPECT_TRUE(names.create(64, 1));
    EXPECT_TRUE(ids.create(16, 1, names));
  }
  NamePool names;
  QuicIds ids;
};

constexpr uint8_t kId[] = {1, 2, 3, 4, 5, 6, 7, 8};
constexpr uint8_t kPacket[] = {1, 2, 3, 4, 5, 6, 7, 8, 99, 98, 97};

TEST(QuicIds, FindsTheNameAtItsServerOnly) {
  Ids table;
  EXPECT_TRUE(table.ids.learn(key_of(1), kId, "a.example", 1000));
  EXPECT_EQ(table.ids.find(key_of(1), kPacket, 1001), "a.example");
  EXPECT_EQ(table.ids.find(key_of(2), kPacket, 1001), "");
  EXPECT_EQ(table.ids.find(key_of(1, 8443), kPacket, 1001), "");
  EXPECT_EQ(table.ids.find(key_of(1), std::span(kPacket).first(7), 1001), "");
  EXPECT_EQ(table.ids.find(key_of(1), std::span(kPacket).first(3), 1001), "");
  EXPECT_EQ(table.ids.find(key_of(1), std::span(kPacket).subspan(1), 1001), "");
}

TEST(QuicIds, LatestNameCountsUntilItExpires) {
  Ids table;
  EXPECT_TRUE(table.ids.learn(key_of(1), kId, "a.example", 1000));
  EXPECT_FALSE(table.ids.learn(key_of(1), kId, "b.example", 2000));
  EXPECT_EQ(table.ids.find(key_of(1), kPacket, 2000 + kQuicIdMs - 1), "b.example");
  EXPECT_EQ(table.ids.find(key_of(1), kPacket, 2000 + kQuicIdMs), "");
  EXPECT_TRUE(table.ids.learn(key_of(1), kId, "c.example", 2000 + kQuicIdMs));
  EXPECT_EQ(table.names.size(), 1U);
}

TEST(QuicIds, IdsOfOtherSizesAreLeftOut) {
  Ids table;
  const uint8_t longer[kMaxQuicId + 1] = {};
  EXPECT_TRUE(table.ids.learn(key_of(1), std::span(kId).first(3), "a.example", 1000));
  EXPECT_TRUE(table.ids.learn(key_of(1), longer, "a.example", 1000));
  EXPECT_EQ(table.names.size(), 0U);
}

TEST(QuicIds, FullTableKeepsTheLatest) {
  Ids table;
  uint8_t id[8] = {};
  for (uint32_t i = 0; i < 1000; ++i) {
    std::memcpy(id, &i, sizeof i);
    EXPECT_TRUE(table.ids.learn(key_of(1), id, "name" + std::to_string(i) + ".example", 1000 + i));
    EXPECT_EQ(table.ids.find(key_of(1), id, 1000 + i), "name" + std::to_string(i) + ".example");
  }
  EXPECT_LE(table.names.size(), 16U);
}

TEST(QuicOpenings, ConnectionStaysWhereItBegan) {
  QuicOpenings openings;
  ASSERT_TRUE(openings.create(64, 1));
  const FlowKey one = key_of(1), two = key_of(1, 8443);
  EXPECT_EQ(openings.claim(one, kId, 1000), QuicOpenings::Claim::Ours);
  EXPECT_EQ(openings.claim(two, kId, 2000), QuicOpenings::Claim::Others);
  EXPECT_EQ(openings.claim(one, kId, 3000), QuicOpenings::Claim::Ours);
  EXPECT_EQ(openings.claim(two, kId, 3000 + kQuicHandshakeMs - 1), QuicOpenings::Claim::Others);
  EXPECT_EQ(openings.claim(two, kId, 3000 + kQuicHandshakeMs), QuicOpenings::Claim::Ours);
  EXPECT_EQ(openings.claim(two, std::span(kId).first(7), 3000), QuicOpenings::Claim::Ours);
}

TEST(QuicOpenings, ClosedConnectionBeginsNowhere) {
  QuicOpenings openings;
  ASSERT_TRUE(openings.create(64, 1));
  const FlowKey one = key_of(1), two = key_of(1, 8443);
  ASSERT_EQ(openings.claim(one, kId, 1000), QuicOpenings::Claim::Ours);
  ASSERT_TRUE(openings.close(kId, 2000));
  EXPECT_EQ(openings.claim(one, kId, 2000), QuicOpenings::Claim::Others);
  EXPECT_EQ(openings.claim(two, kId, 2000 + kQuicHandshakeMs - 1), QuicOpenings::Claim::Others);
  EXPECT_EQ(openings.claim(one, kId, 2000 + kQuicHandshakeMs), QuicOpenings::Claim::Ours);
}

TEST(QuicOpenings, FullTableForgetsNothing) {
  QuicOpenings openings;
  ASSERT_TRUE(openings.create(8, 1));
  uint8_t id[8] = {};
  for (uint8_t i = 0; i < 8; ++i) {
    id[0] = i;
    ASSERT_EQ(openings.claim(key_of(1), id, 1000), QuicOpenings::Claim::Ours);
  }
  id[0] = 8;
  EXPECT_EQ(openings.claim(key_of(1), id, 1000), QuicOpenings::Claim::Full);
  EXPECT_FALSE(openings.close(id, 1000));
  id[0] = 0;
  EXPECT_EQ(openings.claim(key_of(2), id, 1000), QuicOpenings::Claim::Others);
  EXPECT_EQ(openings.claim(key_of(2), id, 1000 + kQuicHandshakeMs), QuicOpenings::Claim::Ours);
}

TEST(QuicBudget, EachClientHasItsOwnEachSecond) {
  QuicBudget budget;
  ASSERT_TRUE(budget.create(1024, 1));
  const Address one = key_of(1).remote, two = key_of(2).remote;
  for (uint32_t i = 0; i < kQuicInitialsPerSecond; ++i) ASSERT_TRUE(budget.take(one, 5000));
  EXPECT_FALSE(budget.take(one, 5999));
  EXPECT_TRUE(budget.take(two, 5999));
  EXPECT_TRUE(budget.take(one, 6000));
}

}  // namespace
}  // namespace sluice
