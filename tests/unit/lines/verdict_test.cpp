// lines tests: each verdict, and what is not yet one.
#include "control/lines/verdict.h"

#include <gtest/gtest.h>

namespace sluice::control {
namespace {

constexpr uint64_t kMs = 1'000'000;

/// sum asked, of which so many had no answer, the others after so long.
AskingSum asking(uint64_t answered, uint64_t unanswered, uint64_t after_ns = 20 * kMs) {
  AskingSum out;
  out.asked = answered + unanswered;
  out.answered = answered;
  out.unanswered = unanswered;
  out.times[Histogram::bucket_of(after_ns)] = answered;
  return out;
}

struct LineVerdict : testing::Test {
  LineVerdict() {
    gateway.up = true;
    gateway.generation = 7;
    gateway.seconds = line.seconds = 60;
    gateway.received = 10'000;
    line.name = "iplc-sg";
    line.lan_link = line.line_link = LinkState::Up;
    line.sum.syns = asking(100, 2);
    line.sum.syn_acks = asking(100, 0, kMs);
    line.sum.questions = asking(40, 1);
    line.sum.ports[1] = {5000, 5'000'000, 4000, 400'000};
    line.usual_line_ns = 20 * kMs;
    line.usual_lan_ns = kMs;
  }
  void expect(Blame blame, const std::string& why) {
    const Finding found = judge_line(gateway, line);
    EXPECT_EQ(found.blame, blame) << kBlameWords[static_cast<size_t>(found.blame)];
    EXPECT_NE(found.why.find(why), std::string::npos) << found.why;
  }

  GatewaySeen gateway;
  LineSeen line;
};

TEST_F(LineVerdict, AllAnsweredIsOk) {
  expect(Blame::Ok, "100 of 102 new connections were answered, half of them in");
}

TEST_F(LineVerdict, SilenceIsNoVerdict) {
  line.sum = {};
  expect(Blame::NoTraffic, "0 new connections, too few to tell");
  line.sum.syns = asking(0, kLeastAsked - 1);
  expect(Blame::NoTraffic, "4 new connections, too few to tell");
  line.sum.ports[1] = {kLeastPackets, 1, kLeastPackets, 1};
  expect(Blame::Ok, "100 packets went there and 100 came back");
}

TEST_F(LineVerdict, DataPlaneAwayIsTheGateways) {
  gateway.up = false;
  line.line_link = LinkState::Down;  // what was seen last says nothing now
  expect(Blame::Gateway, "the data plane is not connected");
}

TEST_F(LineVerdict, NoPolicyIsTheGateways) {
  gateway.generation = 0;
  expect(Blame::Gateway, "no policy is in force");
}

TEST_F(LineVerdict, WorkerThatStandsIsTheGateways) {
  gateway.standing = {1};
  expect(Blame::Gateway, "worker 1 stands still");
  gateway.seconds = kStandingSeconds / 2;
  expect(Blame::Ok, "");
}

TEST_F(LineVerdict, OwnDropsAreTheGateways) {
  gateway.drops = {{"overload", 100}, {"tx-full", 20}};
  expect(Blame::Gateway, "it dropped 120 of 10000 packets: overload 100, tx-full 20");
  gateway.received = 1'000'000;
  expect(Blame::Ok, "");
  gateway.received = 100;
  gateway.drops = {{"overload", kLeastOwnDrops - 1}};
  expect(Blame::Ok, "");
}

TEST_F(LineVerdict, TermThatIsOverIsTheGateways) {
  line.term_over = true;
  gateway.line_expired = 31;
  expect(Blame::Gateway, "the line's term is over, so it refuses what is opened: 31");
}

TEST_F(LineVerdict, LinkComesBeforeWhatFollowsFromIt) {
  gateway.drops = {{"tx-full", 5000}};
  line.sum.syns = asking(0, 50);
  line.line_link = LinkState::Down;
  expect(Blame::Line, "its port has no link");
  line.lan_link = LinkState::Down;
  expect(Blame::Line, "neither its port nor the LAN's has a link");
  line.line_link = LinkState::Up;
  expect(Blame::Lan, "its port has no link");
}

TEST_F(LineVerdict, UnansweredConnectionsAreTheLines) {
  line.sum.syns = asking(10, 10);
  line.sum.questions = asking(0, 10);
  expect(Blame::Line, "10 of 20 new connections had no answer");
  line.sum.syns = asking(11, 10);
  line.sum.questions = {};
  expect(Blame::Ok, "");
}

TEST_F(LineVerdict, NothingThatComesBackIsTheLines) {
  line.sum = {};
  line.sum.ports[1].tx_packets = kLeastPackets;
  expect(Blame::Line, "100 packets were sent to it, and none came back");
  line.sum.ports[1].tx_packets = kLeastPackets - 1;
  line.sum.questions = asking(0, 8);
  expect(Blame::Line, "8 of 8 DNS questions had no answer, and nothing else came");
}

TEST_F(LineVerdict, UnansweredQuestionsAreDns) {
  line.sum.questions = asking(1, 9);
  expect(Blame::Dns, "9 of 10 questions had no answer, while 100 of 102 connections had");
  line.sum.syns = {};  // who finds no name opens nothing
  expect(Blame::Dns, "while the line is alive");
}

TEST_F(LineVerdict, ClientsThatDoNotAcknowledgeAreTheLans) {
  line.sum.syn_acks = asking(3, 17, kMs);
  expect(Blame::Lan, "17 of 20 answers from the line were not taken");
}

TEST_F(LineVerdict, SlowClientsAreTheLans) {
  line.sum.syn_acks = asking(100, 0, 400 * kMs);
  expect(Blame::Lan, "to acknowledge an answer, usually 1.0 ms");
  line.usual_lan_ns = 0;
  expect(Blame::Ok, "");
}

TEST_F(LineVerdict, SlowServersAreTheLines) {
  line.sum.syns = asking(50, 0, 300 * kMs);
  expect(Blame::Line, "to answer, usually 20 ms");
  line.sum.syns = asking(kLeastTimed - 1, 0, 300 * kMs);
  expect(Blame::Ok, "");
  line.sum.syns = asking(50, 0, 65 * kMs);  // three times, and not so much more
  expect(Blame::Ok, "");
  line.sum.syns = asking(50, 0, 5000 * kMs);
  expect(Blame::Line, "servers take over a second to answer");
}

TEST_F(LineVerdict, FullLineIsTheLines) {
  line.bandwidth_bits_per_s = 10'000'000;
  line.sum.ports[1].rx_bytes = 72'000'000;  // 9.6 Mbit/s
  expect(Blame::Line, "it is full: 9.6 of 10 Mbit/s");
  line.sum.ports[1].rx_bytes = 70'000'000;
  expect(Blame::Ok, "");
}

TEST(AskingTimes, ShareOfThem) {
  AskingSum sum;
  EXPECT_EQ(sum.time_ns(0.5), 0u);
  sum.times[Histogram::bucket_of(kMs)] = 98;
  sum.times[Histogram::bucket_of(100 * kMs)] = 1;
  sum.times[Histogram::kBuckets - 1] = 1;
  EXPECT_EQ(sum.time_ns(0.5), Histogram::bound_of(Histogram::bucket_of(kMs)));
  EXPECT_EQ(sum.time_ns(0.99), Histogram::bound_of(Histogram::bucket_of(100 * kMs)));
  EXPECT_EQ(sum.time_ns(1), Histogram::kNoBound);
}

}  // namespace
}  // namespace sluice::control
