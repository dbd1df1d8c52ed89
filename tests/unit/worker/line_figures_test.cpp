// worker tests: whether a line answers: what is counted at a handshake's and a question's steps.
#include <gtest/gtest.h>
#include <rte_mbuf.h>

#include "dataplane/replay/gateway.h"
#include "dataplane/worker/line_figures.h"
#include "tests/support/payload.h"
#include "tests/unit/worker/office.h"

namespace sluice {
namespace {

using test::Bytes;
using test::Frame;

constexpr uint64_t kMsNs = 1'000'000;

struct LineCounts : testing::Test {
  LineCounts() : policy(test::make_policy(test::kOffice + test::kRules)) {
    PipelineConfig config;
    config.flows = 64;
    config.lines[0] = "line-a";
    gateway = replay::Gateway::create(config, test::test_pool(), *policy->policy, policy->scratch, 1 << 14);
  }
  void send(const Bytes& frame, bool lan) {
    EXPECT_TRUE(gateway->process(frame, lan ? Side::Lan : Side::Line, clock));
    gateway->clear_output();
    drain();
  }
  void segment(bool lan, uint8_t flags, uint32_t seq, uint32_t ack, const Bytes& data = {},
               uint16_t port = 40000) {
    const std::string client = "10.20.1.7", server = "198.51.100.9";
    const uint16_t local = port, remote = 443;
    send(Frame()
             .ip(lan ? client : server, lan ? server : client)
             .tcp(lan ? local : remote, lan ? remote : local, flags, seq, ack)
             .payload(data)
             .build(),
         lan);
  }
  void datagram(bool lan, const Bytes& data) {
    const std::string client = "10.20.1.7", server = "198.51.100.53";
    send(Frame()
             .ip(lan ? client : server, lan ? server : client)
             .udp(lan ? 40000 : 53, lan ? 53 : 40000)
             .payload(data)
             .build(),
         lan);
  }
  static Bytes question(uint16_t id) {
    return test::dns_query({.name = "news.example", .type = 1, .id = id});
  }
  static Bytes answer(uint16_t id) {
    test::DnsAnswerText text;
    text.query = {.name = "news.example", .type = 1, .id = id};
    text.addresses = {"198.51.100.9"};
    return test::dns_answer(text);
  }
  void wait(uint64_t ms) {
    for (uint64_t left = ms; left != 0;) {
      const uint64_t step = std::min<uint64_t>(left, 50);
      left -= step;
      clock.ms += step;
      clock.utc_ns += static_cast<int64_t>(step * kMsNs);
      gateway->housekeeping(clock);
      gateway->clear_output();
      drain();
    }
  }
  void drain() {
    const auto forget = [](const Record&, std::string_view) {};
    gateway->drain(forget, forget);
  }
  const LineStats& line() const { return gateway->stats().lines[0]; }
  static void expect(const Asking& asking, std::array<uint64_t, 5> wanted) {
    const std::array got{asking.asked.get(), asking.repeated.get(), asking.answered.get(),
                         asking.unanswered.get(), asking.late.get()};
    EXPECT_EQ(got, wanted) << "asked, repeated, answered, unanswered, late";
  }
  static bool took(const Asking& asking, uint64_t ns) {
    return asking.times.count() == 1 && asking.times.in_bucket(Histogram::bucket_of(ns)) == 1;
  }

  std::unique_ptr<test::TestPolicy> policy;
  std::unique_ptr<replay::Gateway> gateway;
  Clock clock{1'000'000, 1'800'000'000'000'000'000};
};

TEST_F(LineCounts, HandshakeIsTimedOnBothSides) {
  segment(true, kSyn, 999, 0);
  wait(40);
  segment(false, kSyn | kAck, 4999, 1000);
  wait(5);
  segment(true, kAck, 1000, 5000);
  wait(10'000);
  expect(line().syns, {1, 0, 1, 0, 0});
  expect(line().syn_acks, {1, 0, 1, 0, 0});
  EXPECT_TRUE(took(line().syns, 40 * kMsNs));
  EXPECT_TRUE(took(line().syn_acks, 5 * kMsNs));
}

TEST_F(LineCounts, SilentServerIsUnansweredOnceAndMayBeLate) {
  segment(true, kSyn, 999, 0);
  wait(1000);
  segment(true, kSyn, 999, 0);
  wait(kAnswerMs - 1000 - 100);
  expect(line().syns, {1, 1, 0, 0, 0});
  wait(300);
  segment(true, kSyn, 999, 0);
  wait(10'000);
  expect(line().syns, {1, 2, 0, 1, 0});
  segment(false, kSyn | kAck, 4999, 1000);
  expect(line().syns, {1, 2, 0, 1, 1});
  EXPECT_EQ(line().syns.times.count(), 0u);
  expect(line().syn_acks, {1, 0, 0, 0, 0});
}

TEST_F(LineCounts, WhatWasSentTwiceIsNotTimed) {
  segment(true, kSyn, 999, 0);
  wait(1000);
  segment(true, kSyn, 999, 0);
  segment(false, kSyn | kAck, 4999, 1000);
  segment(false, kSyn | kAck, 4999, 1000);
  segment(true, kAck, 1000, 5000);
  expect(line().syns, {1, 1, 1, 0, 0});
  expect(line().syn_acks, {1, 1, 1, 0, 0});
  EXPECT_EQ(line().syns.times.count() + line().syn_acks.times.count(), 0u);
}

TEST_F(LineCounts, RefusalIsAnAnswer) {
  segment(true, kSyn, 999, 0);
  wait(20);
  segment(false, kRst | kAck, 0, 1000);
  wait(10'000);
  expect(line().syns, {1, 0, 1, 0, 0});
  EXPECT_TRUE(took(line().syns, 20 * kMsNs));
  expect(line().syn_acks, {0, 0, 0, 0, 0});
}

TEST_F(LineCounts, ClientThatDoesNotAcknowledge) {
  segment(true, kSyn, 999, 0);
  segment(false, kSyn | kAck, 4999, 1000);
  wait(kAnswerMs + 200);
  expect(line().syn_acks, {1, 0, 0, 1, 0});
  segment(true, kAck, 1000, 5000);
  expect(line().syn_acks, {1, 0, 0, 1, 1});
}

TEST_F(LineCounts, PortsUsedAgainAreAskedAnew) {
  segment(true, kSyn, 999, 0);
  segment(false, kSyn | kAck, 4999, 1000);
  segment(true, kAck, 1000, 5000);
  segment(true, kSyn, 70'999, 0);
  wait(30);
  segment(false, kSyn | kAck, 9999, 71'000);
  segment(true, kAck, 71'000, 10'000);
  expect(line().syns, {2, 0, 2, 0, 0});
  expect(line().syn_acks, {2, 0, 2, 0, 0});
}

TEST_F(LineCounts, WhatIsRefusedOrComesFromTheLineIsNotAsked) {
  send(Frame().ip("172.16.1.1", "198.51.100.9").tcp(40000, 443, kSyn, 999, 0).build(), true);
  send(Frame().ip("198.51.100.9", "10.20.1.7").tcp(40000, 443, kSyn, 999, 0).build(), false);
  wait(10'000);
  expect(line().syns, {0, 0, 0, 0, 0});
}

TEST_F(LineCounts, HelloSentAgain) {
  segment(true, kSyn, 999, 0);
  segment(false, kSyn | kAck, 4999, 1000);
  segment(true, kAck, 1000, 5000);
  const Bytes hello = test::tls_hello("news.example");
  const Bytes begun(hello.begin(), hello.begin() + 100);
  segment(true, kAck | kPsh, 1000, 5000, begun);
  EXPECT_EQ(line().hellos_repeated.get(), 0u);
  segment(true, kAck | kPsh, 1000, 5000, begun);
  EXPECT_EQ(line().hellos_repeated.get(), 1u);
}

TEST_F(LineCounts, QuestionsAreAnsweredOrNot) {
  datagram(true, question(7));
  wait(15);
  datagram(false, answer(7));
  expect(line().questions, {1, 0, 1, 0, 0});
  EXPECT_TRUE(took(line().questions, 15 * kMsNs));
  datagram(true, question(8));
  datagram(true, question(8));
  wait(kAnswerMs + 200);
  expect(line().questions, {2, 1, 1, 1, 0});
  datagram(false, answer(8));
  expect(line().questions, {2, 1, 1, 1, 1});
  datagram(false, answer(9));  // nobody asked
  expect(line().questions, {2, 1, 1, 1, 1});
}

TEST_F(LineCounts, FlowThatNothingCameBackForIsOneWay) {
  segment(true, kSyn, 999, 0);
  segment(true, kSyn, 999, 0, {}, 40001);
  segment(false, kSyn | kAck, 4999, 1000, {}, 40001);
  segment(true, kAck, 1000, 5000, {}, 40001);
  wait(40'000);
  EXPECT_EQ(line().ended.get(), 2u);
  EXPECT_EQ(line().one_way.get(), 1u);
}

}  // namespace
}  // namespace sluice
