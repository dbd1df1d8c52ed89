// worker tests: what is given up when packets come faster than they can be handled.
#include <gtest/gtest.h>
#include <rte_mbuf.h>

#include <utility>

#include "dataplane/flow/epoch.h"
#include "dataplane/worker/shedding.h"
#include "tests/unit/worker/office.h"

namespace sluice {
namespace {

using test::Bytes;
using test::Frame;

constexpr uint64_t kSlots = 1024;

// A round in which the machine keeps us from the processor for long lets more through.
constexpr uint64_t kRounds = 50, kOpenings = 20, kShedAtLeast = kRounds * kOpenings / 2;

struct Overload : testing::Test {
  Overload()
      : policy(test::make_policy(test::kOffice + "rules: [{name: hq, to: [hq-sg], action: allow}]\n")),
        memory(static_cast<std::byte*>(std::aligned_alloc(64, sizeof(RingHeader) + kSlots * kSlotBytes))),
        events(*new (memory) RingHeader{kSlots, {}, {}, {}}) {
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

  /// behind: the worker has just had more than it can handle, again and again.
  void arrive(const std::vector<test::Sent>& packets, bool behind = false) {
    ASSERT_LE(packets.size(), kBurst);
    std::vector<rte_mbuf*> burst;
    for (const test::Sent& packet : packets) {
      burst.push_back(test::to_mbuf(test::test_pool(), packet.frame));
      burst.back()->port = packet.from == Side::Lan ? 0 : 1;
    }
    if (behind) fall_behind();
    pipeline->process(burst, {1000, 1000}, *output);
    for (Output::Batch& batch : output->ports)
      rte_pktmbuf_free_bulk(batch.packets.data(), std::exchange(batch.count, uint16_t{0}));
  }
  void fall_behind() {
    for (uint64_t parts = Shedding::kWhole; parts > Shedding::kLeast; parts /= 2) pipeline->fall_behind();
  }
  void arrive(const Bytes& frame, Side from = Side::Lan) { arrive({{frame, from}}); }
  /// A datagram of a flow that passes, and so do all that follow.
  static Bytes datagram() { return Frame().ip("10.20.1.7", "10.64.1.1").udp(40000, 9000).build(); }
  /// The first packets of connections that nobody has opened before.
  std::vector<test::Sent> openings() {
    std::vector<test::Sent> out;
    for (uint64_t i = 0; i < kOpenings; ++i)
      out.push_back(
          {Frame().ip("10.20.2.1", "198.51.100.9").tcp(next_port_++, 443, kSyn).build(), Side::Lan});
    return out;
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
  uint16_t next_port_ = 1;
};

TEST_F(Overload, WhoFellBehindGivesUpOpeningsAndNothingOfDecidedFlows) {
  open_tls();
  const uint64_t decided = passed(Reason::Decided), undecided = passed(Reason::Undecided);
  for (uint64_t round = 0; round < kRounds; ++round) {
    std::vector<test::Sent> burst = openings();
    for (int i = 0; i < 5; ++i) burst.push_back({data_, Side::Lan});
    arrive(burst, true);
  }
  EXPECT_GE(dropped(Reason::Overload), kShedAtLeast);
  EXPECT_EQ(passed(Reason::Undecided) - undecided + dropped(Reason::Overload), kRounds * kOpenings);
  EXPECT_EQ(passed(Reason::Decided) - decided, kRounds * 5);
  std::vector<test::Sent> burst = openings();
  burst.push_back({end_, Side::Lan});  // needs more than a look-up
  arrive(burst, true);
  EXPECT_EQ(passed(Reason::Decided) - decided, kRounds * 5 + 1);
}

TEST_F(Overload, WhoDidNotFallBehindGivesUpNothing) {
  arrive(openings());
  EXPECT_EQ(passed(Reason::Undecided), kOpenings);
  EXPECT_EQ(dropped(Reason::Overload), 0u);
}

TEST_F(Overload, WithTimeOpeningsAreTakenAgain) {
  fall_behind();
  for (uint64_t ms = 0; ms < Shedding::kWhole; ++ms) pipeline->housekeeping({1000 + ms, 1000}, *output);
  arrive(openings());
  EXPECT_EQ(dropped(Reason::Overload), 0u);
}

TEST_F(Overload, LinkControlAlwaysPasses) {
  for (int i = 0; i < 10; ++i)
    arrive({{Frame().ip("192.0.2.1", "192.0.2.2").tcp(40000, 179, kSyn).build(), Side::Lan},
            {Frame().ip("192.0.2.2", "192.0.2.1").udp(49152, 3784).payload(Bytes(24, 1)).build(), Side::Line},
            {Frame().ethertype(0x0806).payload(Bytes(46)).build(), Side::Lan}},
           true);
  EXPECT_EQ(passed(Reason::LinkControl), 20u);
  EXPECT_EQ(passed(Reason::NotIp), 10u);
  EXPECT_EQ(dropped(Reason::Overload), 0u);
}

TEST_F(Overload, DecidedFlowsOfUdpAlwaysPass) {
  for (int i = 0; i < 10; ++i) arrive(datagram());
  const uint64_t before = passed();
  for (int i = 0; i < 10; ++i) arrive({{datagram(), Side::Lan}}, true);
  EXPECT_EQ(passed() - before, 10u);
}

TEST_F(Overload, ANewPolicyAlwaysMeetsDecidedFlows) {
  open_tls();
  pipeline->set_policy(policy->policy.get(), &policy->scratch);
  std::vector<test::Sent> burst = openings();
  burst.push_back({data_, Side::Lan});
  arrive(burst, true);
  EXPECT_EQ(stats.rejudged.get(), 1u);
}

TEST_F(Overload, AFlowThatWasIdleForAllEpochsIsJudgedAnew) {
  open_tls();
  for (unsigned epoch = 0; epoch < kEpochs; ++epoch) {
    pipeline->set_policy(policy->policy.get(), &policy->scratch);
    if (epoch % 8 == 0) pipeline->housekeeping({1000, 1000}, *output);  // the table once around in 1,000
  }
  arrive(data_);
  EXPECT_EQ(stats.rejudged.get(), 1u);
}

TEST_F(Overload, FragmentsGiveWay) {
  for (uint64_t round = 0; round < kRounds; ++round) {
    std::vector<test::Sent> burst;
    for (uint64_t i = 0; i < kOpenings; ++i)
      burst.push_back({Frame()
                           .ip("10.20.3.1", "198.51.100.9")
                           .fragment(0, true, static_cast<uint32_t>(round * kOpenings + i))
                           .udp(40000, 9000)
                           .payload(Bytes(64))
                           .build(),
                       Side::Lan});
    arrive(burst, true);
  }
  EXPECT_GE(dropped(Reason::Overload), kShedAtLeast);
}

constexpr uint64_t kHz = 1'000'000;  ///< a tick is a microsecond

Address client(uint8_t number) {
  return Address::from_v4(std::array<uint8_t, 4>{10, 20, 1, number}.data());
}

/// What part of a second is spent on packets that take a microsecond each, of which there are always some.
double part_spent(Shedding& shedding, uint8_t clients, uint64_t& now) {
  uint64_t spent = 0;
  for (const uint64_t end = now + kHz; now < end; ++now) {
    shedding.set_time(now);
    const Address from = client(static_cast<uint8_t>(now % clients));
    if (shedding.sheds(from)) continue;
    shedding.spend(from, 1);
    ++spent;
  }
  return static_cast<double>(spent) / static_cast<double>(kHz);
}

TEST(Shedding, HasAllTheTimeUntilTheWorkerFallsBehind) {
  Shedding shedding(7, kHz);
  EXPECT_FALSE(shedding.is_short());
  EXPECT_FALSE(shedding.sheds(client(1)));
}

TEST(Shedding, HasHalfAsMuchEachTimeAndALittleMoreEachMillisecond) {
  Shedding shedding(7, kHz);
  uint64_t now = 1000;
  for (const double part : {0.5, 0.25, 0.125, 0.0625, 0.03125, 0.015625, 0.015625}) {
    shedding.fall_behind(now);
    EXPECT_NEAR(part_spent(shedding, 100, now), part, 0.01);
  }
  for (int ms = 0; ms < 15; ++ms) shedding.recover();
  EXPECT_NEAR(part_spent(shedding, 100, now), 0.25, 0.01);
  for (uint64_t ms = 0; ms < Shedding::kWhole; ++ms) shedding.recover();
  EXPECT_FALSE(shedding.is_short());
}

TEST(Shedding, OneClientHasAnEighthOfIt) {
  Shedding shedding(7, kHz);
  uint64_t now = 1000;
  shedding.fall_behind(now);
  EXPECT_NEAR(part_spent(shedding, 1, now), 0.5 / Shedding::kClients, 0.005);
  shedding.set_time(++now);
  EXPECT_TRUE(shedding.sheds(client(0)));
  EXPECT_FALSE(shedding.sheds(client(1)));
}

TEST(Shedding, UnusedTimeIsSavedToABound) {
  Shedding shedding(7, kHz);
  shedding.fall_behind(0);
  shedding.set_time(kHz);
  uint64_t spent = 0;
  for (uint8_t number = 0; number < 200 && !shedding.sheds(client(number)); ++number, ++spent)
    shedding.spend(client(number), 1);
  EXPECT_EQ(spent, Shedding::kMostSavedUs);
  // And is gone once the worker falls behind again.
  shedding.set_time(2 * kHz);
  shedding.fall_behind(2 * kHz);
  EXPECT_TRUE(shedding.sheds(client(201)));
}

TEST(Shedding, WhoWasKeptFromTheProcessorIsNotChargedForAllOfIt) {
  Shedding shedding(7, kHz);
  shedding.fall_behind(0);
  shedding.set_time(10);
  shedding.spend(client(1), kHz);
  shedding.set_time(10 + 2 * Shedding::kMostSavedUs);
  EXPECT_FALSE(shedding.sheds(client(2)));
}

}  // namespace
}  // namespace sluice
