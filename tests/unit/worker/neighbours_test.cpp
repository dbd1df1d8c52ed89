// worker tests: who is on the LAN is noted beside what passes, of the LAN alone.
#include <gtest/gtest.h>

#include "dataplane/replay/gateway.h"
#include "tests/unit/worker/office.h"

namespace sluice {
namespace {

using test::Bytes;
using test::Frame;

TEST(Neighbours, ArpAndNdOfTheLanAreNotedAndPass) {
  const auto policy = test::make_policy(test::kOffice + test::kRules);
  PipelineConfig config;
  config.flows = 64;
  config.lines[0] = "line-a";
  const auto gateway =
      replay::Gateway::create(config, test::test_pool(), *policy->policy, policy->scratch, 1 << 14);
  Bytes arp = {0, 1, 8, 0, 6, 4, 0, 2, 2, 0, 0, 0, 0, 1, 10, 20, 1, 7, 2, 0, 0, 0, 0, 2, 10, 20, 0, 1};
  Bytes nd = test::address_bytes("fd12::7");
  test::put(nd, {2, 1, 2, 0, 0, 0, 0, 1});
  const Bytes frames[] = {
      Frame().mac(test::kClientMac, test::kServerMac).ethertype(0x0806).payload(arp).build(),
      Frame().ip("fd12::7", "fd12::1").ttl(255).icmp(136, 0).payload(nd).build()};
  const Clock clock{1000, 1'795'406'706'000'000'000};
  const NeighbourTable& table = gateway->stats().neighbours;
  for (const Bytes& frame : frames) EXPECT_TRUE(gateway->process(frame, Side::Line, clock));
  gateway->clear_output();
  EXPECT_EQ(table.written.get(), 0u);
  for (const Bytes& frame : frames) EXPECT_TRUE(gateway->process(frame, Side::Lan, clock));
  gateway->clear_output();
  EXPECT_EQ(table.written.get(), 2u);
  size_t noted = 0;
  for (const NeighbourSlot& slot : table.slots) {
    Neighbour there;
    if (slot.read(there) && there.seen_ns == clock.utc_ns) noted += there.mac[0] == 2 && there.mac[5] == 1;
  }
  EXPECT_EQ(noted, 2u);
}

}  // namespace
}  // namespace sluice
