// worker tests: the record of a flow's end: none lost, none twice, and together all that passed.
#include <gtest/gtest.h>
#include <rte_mbuf.h>

#include <map>
#include <tuple>

#include "dataplane/flow/flow_table.h"
#include "dataplane/replay/gateway.h"
#include "tests/support/wire.h"
#include "tests/unit/worker/office.h"

namespace sluice {
namespace {

using test::Bytes;
using test::Frame;

struct Said {
  Record record;
  std::string name;
};

constexpr uint64_t kRing = 1 << 14;
constexpr int64_t kStartNs = 1'800'000'000'000'000'000;

struct Ends : testing::Test {
  /// flows: 64 are swept at each call.
  explicit Ends(uint32_t flows = 64, uint64_t slots = kRing)
      : policy(test::make_policy(test::kOffice + test::kRules)) {
    PipelineConfig config;
    config.flows = flows;
    config.lines[0] = "line-a";
    gateway = replay::Gateway::create(config, test::test_pool(), *policy->policy, policy->scratch, slots);
  }

  /// Returns true where the very frame left on the other side.
  bool send(const Bytes& frame, Side from) {
    EXPECT_TRUE(gateway->process(frame, from, clock));
    const auto& batch = gateway->output().ports[from == Side::Lan ? replay::kLinePort : replay::kLanPort];
    bool passed = false;
    for (uint16_t at = 0; at < batch.count; ++at) passed |= test::to_bytes(batch.packets[at]) == frame;
    gateway->clear_output();
    take();
    return passed;
  }
  void wait(uint64_t ms, uint64_t step_ms = 100) {
    for (const uint64_t until = clock.ms + ms; clock.ms < until;) {
      advance(std::min<uint64_t>(until - clock.ms, step_ms));
      gateway->housekeeping(clock);
      gateway->clear_output();
      take();
    }
  }
  void advance(uint64_t ms) {
    clock.ms += ms;
    clock.utc_ns += static_cast<int64_t>(ms) * 1'000'000;
  }
  void stop() {
    gateway->stop(clock);
    take();
  }
  void take() {
    const auto into = [](std::vector<Said>& all) {
      return [&all](const Record& record, std::string_view name) {
        all.push_back({record, std::string(name)});
      };
    };
    gateway->drain(into(accesses), into(ends));
  }
  const Said& only_end() {
    EXPECT_EQ(ends.size(), 1u);
    static const Said none{};
    return ends.empty() ? none : ends.front();
  }
  bool segment(bool lan, uint8_t flags, uint32_t seq, uint32_t ack, const Bytes& data = {}) {
    const std::string client = "10.20.1.7", server = "198.51.100.9";
    const Bytes frame = Frame()
                            .ip(lan ? client : server, lan ? server : client)
                            .tcp(lan ? 40000 : 443, lan ? 443 : 40000, flags, seq, ack)
                            .payload(data)
                            .build();
    return send(frame, lan ? Side::Lan : Side::Line);
  }
  void open(uint32_t start = 1000) {
    EXPECT_TRUE(segment(true, kSyn, start - 1, 0));
    EXPECT_TRUE(segment(false, kSyn | kAck, 4999, start));
    EXPECT_TRUE(segment(true, kAck, start, 5000));
  }
  /// A name that passes, and an answer of 600 bytes, after which the flow is settled.
  void settle() {
    open();
    const Bytes hello = test::tls_hello("news.example");
    const auto end = static_cast<uint32_t>(1000 + hello.size());
    EXPECT_TRUE(segment(true, kAck | kPsh, 1000, 5000, hello));
    EXPECT_TRUE(segment(false, kAck | kPsh, 5000, end, Bytes(600, 'a')));
    EXPECT_TRUE(segment(true, kAck, end, 5600));
    hello_size = hello.size();
  }

  std::unique_ptr<test::TestPolicy> policy;
  std::unique_ptr<replay::Gateway> gateway;
  Clock clock{1'000'000, kStartNs};
  std::vector<Said> accesses, ends;
  size_t hello_size = 0;
};

TEST_F(Ends, AnIdleFlowEndsOnceWithAllThatPassed) {
  settle();
  advance(1500);
  EXPECT_TRUE(segment(false, kAck, 5600, 0, Bytes(100, 'b')));
  wait(3'590'000);
  EXPECT_TRUE(ends.empty());
  wait(20'000);
  const auto& [record, name] = only_end();
  EXPECT_EQ(record.ended, Ended::Timeout);
  EXPECT_EQ(name, "news.example");
  EXPECT_EQ(record.source_bytes, hello_size);
  EXPECT_EQ(record.destination_bytes, 700u);
  EXPECT_EQ(record.end.source_packets, 4u);
  EXPECT_EQ(record.end.destination_packets, 3u);
  EXPECT_EQ(record.end.duration_ms, 1500u);
  EXPECT_GE(record.end.idle_ms, 3'600'000u);
  EXPECT_EQ(record.end.access, accesses.at(0).record.number);
  EXPECT_EQ(static_cast<Action>(record.action), Action::Allowed);
  stop();
  EXPECT_EQ(ends.size(), 1u) << "no second end";
}

struct EndsInALargeTable : Ends {
  EndsInALargeTable() : Ends(2'000'000) {}
};

TEST_F(EndsInALargeTable, OfWhichLittleIsSweptAtOnceAFlowEndsAllTheSame) {
  settle();  // in the first place, with which the sweep ends
  advance(4 * 3'600'000);
  wait(2000, 1);
  EXPECT_TRUE(ends.empty());
  wait(3000, 1);
  EXPECT_EQ(only_end().record.ended, Ended::Timeout);
}

TEST_F(Ends, FinAndResetAreToldApart) {
  settle();
  EXPECT_TRUE(segment(true, kFin | kAck, 9000, 0));
  wait(25'000);
  EXPECT_EQ(only_end().record.ended, Ended::Fin);
  ends.clear();
  settle();
  EXPECT_TRUE(segment(true, kFin | kAck, 9000, 0));
  EXPECT_TRUE(segment(false, kRst, 9000, 0));
  wait(25'000);
  EXPECT_EQ(only_end().record.ended, Ended::Reset);
}

TEST_F(Ends, AnotherConnectionOnTheSamePortsEndsTheFirst) {
  settle();
  ends.clear();
  open(700'000);
  const Record& record = only_end().record;
  EXPECT_EQ(record.ended, Ended::Replaced);
  EXPECT_EQ(record.source_bytes, hello_size);
  EXPECT_EQ(record.end.source_packets, 5u) << "the new SYN passed before its answer began anything";
  stop();
  ASSERT_EQ(ends.size(), 2u);
  EXPECT_EQ(ends[1].record.ended, Ended::Stopped);
  EXPECT_EQ(ends[1].record.end.source_packets, 1u);
  EXPECT_EQ(ends[1].record.end.destination_packets, 1u);
  EXPECT_EQ(ends[1].record.end.access, 0u) << "nothing was decided of it";
}

TEST_F(Ends, ARefusedFlowEndsAtItsRefusalAndNeverAgain) {
  open();
  EXPECT_FALSE(segment(true, kAck | kPsh, 1000, 5000, test::tls_hello("bad.example")));
  const auto& [record, name] = only_end();
  EXPECT_EQ(record.ended, Ended::Blocked);
  EXPECT_EQ(static_cast<Action>(record.action), Action::Blocked);
  EXPECT_EQ(static_cast<Reason>(record.reason), Reason::Rule);
  EXPECT_EQ(record.rule, accesses.at(0).record.rule);
  EXPECT_EQ(record.end.access, accesses.at(0).record.number);
  EXPECT_EQ(record.source_bytes, 0u);
  EXPECT_EQ(record.end.source_packets, 2u);
  EXPECT_EQ(name, "bad.example");
  EXPECT_FALSE(segment(true, kAck | kPsh, 1000, 5000, test::tls_hello("bad.example")));
  wait(70'000);
  stop();
  EXPECT_EQ(ends.size(), 1u);
}

TEST_F(Ends, ALongFlowTellsEachHourWhatPassed) {
  settle();
  uint64_t sent = 0;
  for (int minute = 0; minute < 150; ++minute) {
    wait(60'000);
    EXPECT_TRUE(segment(true, kAck, 10'000, 0, Bytes(10, 'c')));
    sent += 10;
  }
  stop();
  ASSERT_EQ(ends.size(), 3u);
  uint64_t bytes = 0, packets = 0;
  uint64_t before = accesses.at(0).record.number;
  for (const Said& end : ends) {
    bytes += end.record.source_bytes;
    packets += end.record.end.source_packets;
    EXPECT_EQ(end.record.end.access, before) << "each leads to the one before";
    before = end.record.number;
  }
  EXPECT_EQ(ends[0].record.ended, Ended::Continues);
  EXPECT_EQ(ends[1].record.ended, Ended::Continues);
  EXPECT_EQ(ends[2].record.ended, Ended::Stopped);
  EXPECT_NEAR(ends[1].record.end.duration_ms, 3'600'000, 61'000);
  EXPECT_EQ(bytes, hello_size + sent);
  EXPECT_EQ(packets, 4u + 150);
}

TEST_F(Ends, AFlowOfManyPacketsTellsThemBeforeTheyOverflow) {
  settle();
  const Bytes frame = Frame()
                          .ip("198.51.100.9", "10.20.1.7")
                          .tcp(443, 40000, kAck, 5600, 0)
                          .payload(Bytes(1400, 'd'))
                          .build();
  std::vector<rte_mbuf*> burst;
  for (int i = 0; i < kBurst; ++i) {
    burst.push_back(test::to_mbuf(test::test_pool(), frame));
    burst.back()->port = replay::kLinePort;
  }
  constexpr uint64_t kBursts = 3'000;  // 96,000 packets
  for (uint64_t i = 0; i < kBursts; ++i) {
    for (rte_mbuf* mbuf : burst) rte_mbuf_refcnt_update(mbuf, 1);
    gateway->process(burst, clock);
    gateway->clear_output();
  }
  rte_pktmbuf_free_bulk(burst.data(), kBurst);
  stop();
  ASSERT_EQ(ends.size(), 2u);
  EXPECT_EQ(ends[0].record.ended, Ended::Continues);
  EXPECT_EQ(ends[0].record.end.destination_packets, Flow::kMostUntold);
  EXPECT_EQ(ends[0].record.end.destination_packets + ends[1].record.end.destination_packets,
            kBursts * kBurst + 2);
  EXPECT_EQ(ends[0].record.destination_bytes + ends[1].record.destination_bytes,
            kBursts * kBurst * 1400 + 600);
}

/// An honest office, and what came out of it.
TEST_F(Ends, AllEndsTogetherAreAllThatPassed) {
  using Key = std::tuple<std::string, uint16_t, std::string, uint16_t, uint8_t>;
  const auto key_of = [](const Record& record) {
    const auto text = [](const Address& address) {
      return std::string(reinterpret_cast<const char*>(address.bytes.data()), address.bytes.size());
    };
    return Key{text(record.source), record.source_port, text(record.destination), record.destination_port,
               record.transport};
  };
  uint64_t checked = 0;
  for (uint32_t seed = 1; seed <= 10; ++seed) {
    gateway = replay::Gateway::create({.flows = 1024, .lines = {"line-a"}, .seed = seed}, test::test_pool(),
                                      *policy->policy, policy->scratch, kRing);
    accesses.clear();
    ends.clear();
    std::mt19937 random(seed);
    uint64_t packets = 0, bytes = 0;
    for (const test::Sent& sent : test::traffic(random)) {
      const test::Wire wire = test::read_wire(sent.frame);
      const bool fragment = (wire.ip_flags & 0x3fff) != 0 || wire.protocol == kFragmentHeader;
      const bool error = wire.protocol == 1 && wire.icmp_type == 3;
      advance(random() % 50);
      const bool passed = send(sent.frame, sent.from);
      if (fragment || error) continue;  // of these below
      packets += passed ? 1 : 0;
      bytes += passed ? wire.payload.size() : 0;
      if (random() % 16 == 0) wait(random() % 40'000);
    }
    stop();
    const auto passed = [&](Reason reason) {
      return gateway->stats().passed[static_cast<size_t>(reason)].get();
    };
    uint64_t told_packets = 0, told_bytes = 0;
    std::map<Key, std::pair<uint64_t, uint64_t>> last_access, end_of;  // number, how many
    for (const Said& access : accesses) last_access[key_of(access.record)] = {access.record.number, 1};
    for (const Said& end : ends) {
      told_packets += end.record.end.source_packets + end.record.end.destination_packets;
      told_bytes += end.record.source_bytes + end.record.destination_bytes;
    }
    // Every packet that passes belongs to a flow, but for errors about one.
    EXPECT_EQ(told_packets, passed(Reason::Decided) + passed(Reason::Undecided)) << seed;
    EXPECT_GE(told_packets, packets);
    EXPECT_GE(told_bytes, bytes);
    // Each access leads to one end: the end names the last record of its flow.
    std::map<uint64_t, const Record*> by_number;
    for (const Said& access : accesses) by_number[access.record.number] = &access.record;
    std::set<uint64_t> named;
    for (const Said& end : ends) {
      if (end.record.end.access == 0) continue;
      ASSERT_TRUE(by_number.contains(end.record.end.access));
      EXPECT_EQ(key_of(*by_number[end.record.end.access]), key_of(end.record));
      EXPECT_TRUE(named.insert(end.record.end.access).second) << "one end of an access";
      ++checked;
    }
    for (const auto& [key, number] : last_access)
      EXPECT_TRUE(named.contains(number.first)) << "no access without an end";
  }
  EXPECT_GT(checked, 500u);
}

struct EndsOfAFlood : Ends {
  EndsOfAFlood() : Ends(8192) {}
};

TEST_F(EndsOfAFlood, AFloodOfSynsWritesOnlySoManyEndsAndSaysHowManyItLeavesOut) {
  constexpr uint32_t kFlood = 5000;
  for (uint32_t i = 0; i < kFlood; ++i)
    send(Frame().ip("10.20.2.1", "198.51.100.9").tcp(static_cast<uint16_t>(10'000 + i), 443, kSyn).build(),
         Side::Lan);
  wait(29'000);
  wait(2000, 1);
  const uint64_t left_out = gateway->stats().ends_left_out.get();
  EXPECT_GT(left_out, 0u);
  EXPECT_LE(ends.size(), 3000u);
  EXPECT_EQ(ends.size() + left_out, kFlood);
  settle();
  stop();
  uint64_t said = 0;
  for (const Said& end : ends) said += end.record.end.left_out;
  EXPECT_EQ(said, left_out);
  EXPECT_EQ(ends.back().name, "news.example") << "who is decided has an end whatever the flood";
}

struct EndsOfASmallRing : Ends {
  EndsOfASmallRing() : Ends(64, 8) {}
};

TEST_F(EndsOfASmallRing, AnEndThatDoesNotFitLeavesAGap) {
  constexpr uint64_t kFlows = 12;
  for (uint64_t i = 0; i < kFlows; ++i)
    send(Frame().ip("10.20.2.1", "198.51.100.9").tcp(static_cast<uint16_t>(10'000 + i), 443, kSyn).build(),
         Side::Lan);
  stop();
  EXPECT_EQ(ends.size(), 8u);
  EXPECT_EQ(gateway->stats().records_lost.get(), kFlows - 8);
  settle();
  ASSERT_EQ(accesses.size(), 1u);
  EXPECT_EQ(accesses[0].record.number, kFlows + 1);
}

}  // namespace
}  // namespace sluice
