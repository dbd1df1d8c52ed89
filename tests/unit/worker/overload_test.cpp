// worker tests: what is given up when packets come faster than they can be handled.
#include <gtest/gtest.h>
#include <rte_mbuf.h>

#include <utility>

#include "dataplane/worker/shedding.h"
#include "tests/unit/worker/office.h"

namespace sluice {
namespace {

using test::Bytes;
using test::Frame;

constexpr uint64_t kSlots = 1024;
const Address kClient = Address::from_v4(std::array<uint8_t, 4>{10, 20, 1, 7}.data());

struct Overload : testing::Test {
  Overload()
      : policy(test::make_policy(test::kOffice + "rules: [{name: hq, to: [hq-sg], action: allow}]\n")),
        memory(static_cast<std::byte*>(std::aligned_alloc(64, sizeof(RingHeader) + kSlots * kSlotBytes))),
        events(*new (memory) RingHeader{kSlots, 0, 0}) {
    PipelineConfig config;
    config.ports[0] = {0, Side::Lan};
    config.ports[1] = {0, Side::Line};
    config.port_count = 2;
    config.lines[0] = "line-a";
    pipeline = Pipeline::create(config, test::test_pool(), stats, events);
    pipeline->set_policy(policy->policy.get(), &policy->scratch);
  }
  ~Overload() override {
    pipeline.reset();
    std::free(memory);
  }

  void arrive(const std::vector<test::Sent>& packets) {
    ASSERT_LE(packets.size(), kBurst);
    std::vector<rte_mbuf*> burst;
    for (const test::Sent& packet : packets) {
      burst.push_back(test::to_mbuf(test::test_pool(), packet.frame));
      burst.back()->port = packet.from == Side::Lan ? 0 : 1;
    }
    pipeline->process(burst, {1000, 1000}, *output);
    for (Output::Batch& batch : output->ports)
      rte_pktmbuf_free_bulk(batch.packets.data(), std::exchange(batch.count, uint16_t{0}));
  }
  void arrive(const Bytes& frame, Side from = Side::Lan) { arrive({{frame, from}}); }
  /// A datagram of a flow that passes, and so do all that follow.
  static Bytes datagram() { return Frame().ip("10.20.1.7", "10.64.1.1").udp(40000, 9000).build(); }
  static Bytes syn(int port) {
    return Frame().ip("10.20.2.1", "198.51.100.9").tcp(static_cast<uint16_t>(port), 443, kSyn).build();
  }
  uint64_t passed(Reason reason) const { return stats.passed[static_cast<size_t>(reason)].get(); }
  uint64_t dropped(Reason reason) const { return stats.dropped[static_cast<size_t>(reason)].get(); }
  uint64_t passed() const {
    uint64_t all = 0;
    for (const Counter& counter : stats.passed) all += counter.get();
    return all;
  }
  /// A TLS flow up to the first data of its client.
  void open_tls() {
    const auto frame = [](bool from_client, uint8_t flags, uint32_t seq, uint32_t ack, Bytes payload = {}) {
      const std::string client = "10.20.1.7", server = "198.51.100.12";
      return test::Sent{Frame()
                            .ip(from_client ? client : server, from_client ? server : client)
                            .tcp(from_client ? 40000 : 443, from_client ? 443 : 40000, flags, seq, ack)
                            .payload(std::move(payload))
                            .build(),
                        from_client ? Side::Lan : Side::Line};
    };
    const Bytes hello = test::tls_hello("www.example.com");
    const auto said = static_cast<uint32_t>(101 + hello.size());
    arrive({frame(true, kSyn, 100, 0), frame(false, kSyn | kAck, 500, 101), frame(true, kAck, 101, 501),
            frame(true, kAck | kPsh, 101, 501, hello), frame(false, kAck, 501, said, Bytes(700, 0x16)),
            frame(true, kAck, said, 1201, {23, 3, 3, 0, 1, 0})});
    data_ = frame(true, kAck, said + 6, 1201, {23, 3, 3, 0, 1, 0}).frame;
    end_ = frame(true, kAck | kFin, said + 12, 1201).frame;
  }

  std::unique_ptr<test::TestPolicy> policy;
  std::byte* memory;
  WorkerStats stats;
  EventRing events;
  std::unique_ptr<Pipeline> pipeline;
  std::unique_ptr<Output> output = std::make_unique<Output>();
  Bytes data_, end_;
};

TEST_F(Overload, WhenLateOneOpeningIsLetThroughAndDecidedFlowsAll) {
  open_tls();
  const uint64_t before = passed();
  pipeline->set_late(true);
  std::vector<test::Sent> burst;
  for (int port = 1; port <= 20; ++port) burst.push_back({syn(port), Side::Lan});
  for (int i = 0; i < 5; ++i) burst.push_back({data_, Side::Lan});
  arrive(burst);
  EXPECT_GE(dropped(Reason::Overload), 10u);  // all but one, where they come within its client's gap
  EXPECT_EQ(passed() - before, 25 - dropped(Reason::Overload));
  EXPECT_GE(passed() - before, 6u);
  arrive({{data_, Side::Lan}, {end_, Side::Lan}});
  EXPECT_EQ(passed() - before, 27 - dropped(Reason::Overload));
}

TEST_F(Overload, WhenNotLateEveryOpeningPasses) {
  pipeline->set_late(false);
  for (int port = 1; port <= 20; ++port) arrive(syn(port));
  EXPECT_EQ(passed(Reason::Undecided), 20u);
  EXPECT_EQ(dropped(Reason::Overload), 0u);
}

TEST_F(Overload, LinkControlPassesAlsoWhenLate) {
  pipeline->set_late(true);
  for (int i = 0; i < 10; ++i) {
    arrive(Frame().ip("192.0.2.1", "192.0.2.2").tcp(40000, 179, kSyn).build());
    arrive(Frame().ip("192.0.2.2", "192.0.2.1").udp(49152, 3784).payload(Bytes(24, 1)).build(), Side::Line);
    arrive(Frame().ethertype(0x0806).payload(Bytes(46)).build());
  }
  EXPECT_EQ(passed(Reason::LinkControl), 20u);
  EXPECT_EQ(passed(Reason::NotIp), 10u);
  EXPECT_EQ(dropped(Reason::Overload), 0u);
}

TEST_F(Overload, DecidedFlowsOfUdpPassAlsoWhenLate) {
  for (int i = 0; i < 10; ++i) arrive(datagram());
  const uint64_t before = passed();
  pipeline->set_late(true);
  for (int i = 0; i < 10; ++i) arrive(datagram());
  EXPECT_EQ(passed() - before, 10u);
}

TEST_F(Overload, ANewPolicyMeetsDecidedFlowsAlsoWhenLate) {
  open_tls();
  pipeline->set_policy(policy->policy.get(), &policy->scratch);
  pipeline->set_late(true);
  arrive(data_);
  EXPECT_EQ(stats.rejudged.get(), 1u);
  EXPECT_EQ(dropped(Reason::Overload), 0u);
}

TEST_F(Overload, FragmentsGiveWay) {
  pipeline->set_late(true);
  std::vector<test::Sent> burst;
  for (int i = 0; i < 20; ++i)
    burst.push_back({Frame()
                         .ip("10.20.3.1", "198.51.100.9")
                         .fragment(0, true, static_cast<uint32_t>(i))
                         .udp(40000, 9000)
                         .payload(Bytes(64))
                         .build(),
                     Side::Lan});
  arrive(burst);
  EXPECT_GE(dropped(Reason::Overload), 10u);
}

constexpr uint64_t kHz = 1'000'000;  ///< slow: a gap is a few ticks of the TSC, and over at once

TEST(Shedding, OneClientDoesNotTakeTheOthersPlaces) {
  Shedding shedding(7, rte_get_tsc_hz());
  shedding.set_late(true);
  EXPECT_FALSE(shedding.sheds(kClient));
  const uint64_t again = rte_rdtsc() + rte_get_tsc_hz() / 1'000'000 * 2 * Shedding::kGapUs;
  while (rte_rdtsc() < again) {
  }
  Address other = kClient;
  other.bytes[15] = 8;
  EXPECT_TRUE(shedding.would_shed(kClient) || rte_rdtsc() > again + rte_get_tsc_hz() / 20'000);
  EXPECT_FALSE(shedding.would_shed(other));
}

TEST(Shedding, WhenItIsNotLateNothingIsShed) {
  Shedding shedding(7, kHz);
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(shedding.sheds(kClient));
  shedding.set_late(true);
  shedding.set_late(false);
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(shedding.sheds(kClient));
}

}  // namespace
}  // namespace sluice
