// tests: OpenedTunnels.
#include "dataplane/flow/opened_tunnels.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

FlowKey between(uint32_t local, uint32_t remote) {
  const auto address = [](uint32_t host) {
    const uint8_t bytes[] = {10, static_cast<uint8_t>(host >> 16), static_cast<uint8_t>(host >> 8),
                             static_cast<uint8_t>(host)};
    return Address::from_v4(bytes);
  };
  return {.local = address(local),
          .remote = address(remote),
          .local_port = 1,
          .remote_port = 2,
          .vlan = 20,
          .transport = 17,
          .pair = 3};
}

struct Tunnels : testing::Test {
  Tunnels() { EXPECT_TRUE(tunnels.create()); }
  uint32_t number(const FlowKey& key, uint32_t network = 0, uint64_t now_ms = 0) {
    return tunnels.number(key, Protocol::Vxlan, network, now_ms);
  }
  OpenedTunnels tunnels;
};

TEST_F(Tunnels, OneNumberForOneTunnelWhateverThePorts) {
  FlowKey key = between(1, 2);
  const uint32_t first = number(key);
  key.local_port = 9;
  EXPECT_EQ(number(key), first);
  EXPECT_NE(number(key, 7), first);
  EXPECT_NE(tunnels.number(key, Protocol::Gre, 0, 0), first);
  EXPECT_NE(number(between(1, 3)), first);
  key.vlan = 21;
  EXPECT_EQ(number(key), first);
  key = between(1, 2);
  key.pair = 4;
  EXPECT_NE(number(key), first);
}

TEST_F(Tunnels, AFlowInsideComesByItsTunnelsPair) {
  FlowKey inner = between(8, 9);
  inner.pair = static_cast<uint8_t>(kMaxPairs + number(between(1, 2)));
  EXPECT_EQ(tunnels.pair_of(inner), 3);
  inner.pair = 5;
  EXPECT_EQ(tunnels.pair_of(inner), 5);
}

TEST_F(Tunnels, NetworksOfOneTunnelLeaveRoomForOthers) {
  for (uint32_t network = 0; network < kMaxNetworksOfTunnel; ++network)
    EXPECT_NE(number(between(1, 2), network), kNoIndex);
  EXPECT_EQ(number(between(1, 2), kMaxNetworksOfTunnel), kNoIndex);
  EXPECT_NE(number(between(1, 3)), kNoIndex);
}

TEST_F(Tunnels, NumbersEndAndComeBackAfterALongSilence) {
  for (uint32_t i = 0; i < kMaxOpenedTunnels; ++i) EXPECT_EQ(number(between(i, 2)), i);
  EXPECT_EQ(number(between(0x10000, 2)), kNoIndex);
  EXPECT_EQ(number(between(7, 2), 0, kIdleOpenedMs - 1), 7u);
  EXPECT_EQ(number(between(0x10000, 2), 0, kIdleOpenedMs), 0u) << "the first that is silent";
  EXPECT_EQ(number(between(7, 2), 0, kIdleOpenedMs), 7u) << "spoke since";
  EXPECT_EQ(number(between(0, 2), 0, kIdleOpenedMs), 1u) << "its number is another's now";
}

}  // namespace
}  // namespace sluice
