// tests: the answer to a refused DNS question.
#include "tests/unit/act/judged.h"

namespace sluice::test {
namespace {

constexpr size_t kHeader = 12;

Bytes question() {
  return bytes(std::string_view("\3bad\7example\0\0\1\0\1", 17));
}
Bytes opt() {
  return {0, 0, 41, 4, 0xd0, 0, 0, 0, 0, 0, 0};
}

Bytes message(uint16_t flags, bool edns) {
  Bytes out;
  put16(out, 0xabcd);
  put16(out, flags);
  put16(out, 1);
  put16(out, 0);
  put16(out, 0);
  put16(out, edns ? 1 : 0);
  put(out, question());
  if (edns) put(out, opt());
  return out;
}

Bytes prefixed(const Bytes& message) {
  Bytes out;
  put16(out, static_cast<uint32_t>(message.size()));
  put(out, message);
  return out;
}

Frame udp_query(bool v6, const Bytes& payload) {
  Frame frame;
  frame.vlan(20).ip(v6 ? "2001:db8::1" : "10.20.0.10", v6 ? "2001:db8:2::9" : "198.51.100.53");
  frame.udp(5353, 53).payload(payload);
  return frame;
}

Refusal dns() {
  return {.protocol = Protocol::Dns, .rule = "no-malware"};
}

void expect_nxdomain(const Bytes& answer, bool edns, std::string_view rule) {
  ASSERT_GE(answer.size(), kHeader);
  EXPECT_EQ(Bytes(answer.begin(), answer.begin() + 2), (Bytes{0xab, 0xcd}));
  EXPECT_EQ(Bytes(answer.begin() + 2, answer.begin() + 4), (Bytes{0x81, 0x83}));  // QR, RD, RA, NXDOMAIN
  Bytes expected = {0, 1, 0, 0, 0, 0, 0, static_cast<uint8_t>(edns)};
  put(expected, question());
  if (edns) {
    put(expected, {0, 0, 41, 4, 0xd0, 0, 0, 0, 0});
    put16(expected, static_cast<uint32_t>(6 + rule.size()));
    put(expected, {0, 15, 0, static_cast<uint8_t>(2 + rule.size()), 0, 15});
    put(expected, bytes(rule));
  }
  EXPECT_EQ(Bytes(answer.begin() + 4, answer.end()), expected);
}

TEST(DnsRefusal, QuestionGetsNxdomainAndReasonIfItSentEdns) {
  for (const bool v6 : {false, true}) {
    for (const bool edns : {false, true}) {
      const Bytes judged = udp_query(v6, message(0x0100, edns)).build();
      const Sent sent = refused(judged, dns());
      EXPECT_EQ(sent.kind, Answer::DnsRefusal);
      ASSERT_EQ(sent.answers.size(), 1u);
      EXPECT_EQ(sent.answers[0].toward, Toward::Sender);
      expect_sound(judged, sent.answers[0]);
      expect_nxdomain(sent.answers[0].wire.payload, edns, "no-malware");
    }
  }
}

TEST(DnsRefusal, RefusedAnswerIsReplacedOnItsWay) {
  Refusal refusal = dns();
  refusal.from_opener = false;
  const Bytes judged = udp_query(false, message(0x8180, true)).build();
  const Sent sent = refused(judged, refusal);
  ASSERT_EQ(sent.answers.size(), 1u);
  EXPECT_EQ(sent.answers[0].toward, Toward::Receiver);
  expect_sound(judged, sent.answers[0]);
  expect_nxdomain(sent.answers[0].wire.payload, true, "no-malware");
}

TEST(DnsRefusal, AnswerThatOpensAFlowAnswersNobody) {
  const Sent sent = refused(udp_query(false, message(0x8180, true)).build(), dns());
  EXPECT_EQ(sent.kind, Answer::IcmpProhibited);
}

TEST(DnsRefusal, LongReasonIsCutBetweenCharacters) {
  Refusal refusal = dns();
  std::string rule = "x";
  for (int at = 0; at < 60; ++at) rule += "规";
  refusal.rule = rule;
  const Sent sent = refused(udp_query(false, message(0x0100, true)).build(), refusal);
  expect_nxdomain(sent.answers.at(0).wire.payload, true,
                  rule.substr(0, 64));  // 1 + 21 characters of three bytes
}

TEST(DnsRefusal, QuestionOverTcpIsAnsweredWithFinAndTheServerReset) {
  Frame frame;
  frame.ip("10.20.0.10", "198.51.100.53")
      .tcp(40000, 53, kPsh | kAck, 1, 2)
      .payload(prefixed(message(0x0100, true)));
  const Bytes judged = frame.build();
  Refusal refusal = dns();
  const Bytes asked = message(0x0100, true);
  refusal.message = asked;
  const Sent sent = refused(judged, refusal);
  EXPECT_EQ(sent.kind, Answer::DnsRefusal);
  ASSERT_EQ(sent.answers.size(), 2u);
  for (const SentAnswer& answer : sent.answers) expect_sound(judged, answer);
  EXPECT_EQ(sent.answers[0].wire.flags, kFin | kPsh | kAck);
  EXPECT_EQ(sent.answers[0].wire.seq, 2u);
  const Bytes& stream = sent.answers[0].wire.payload;
  EXPECT_EQ(stream.at(0) << 8 | stream.at(1), static_cast<int>(stream.size() - 2));
  expect_nxdomain(Bytes(stream.begin() + 2, stream.end()), true, "no-malware");
  EXPECT_EQ(sent.answers[1].wire.flags, kRst | kAck);
}

TEST(DnsRefusal, AnswerOverTcpIsReplacedWhereItBeginsWithThePacket) {
  const Bytes answer = message(0x8180, false);
  Frame frame;
  frame.ip("198.51.100.53", "10.20.0.10").tcp(53, 40000, kPsh | kAck, 7, 9).payload(prefixed(answer));
  const Bytes judged = frame.build();
  Refusal refusal = dns();
  refusal.from_opener = false;
  EXPECT_EQ(refused(judged, refusal).kind, Answer::TcpReset);
  refusal.message = answer;
  const Sent sent = refused(judged, refusal);
  EXPECT_EQ(sent.kind, Answer::DnsRefusal);
  ASSERT_EQ(sent.answers.size(), 2u);
  for (const SentAnswer& one : sent.answers) expect_sound(judged, one);
  EXPECT_EQ(sent.answers[0].toward, Toward::Receiver);
  EXPECT_EQ(sent.answers[0].wire.flags, kFin | kPsh | kAck);
  EXPECT_EQ(sent.answers[0].wire.seq, 7u);
  EXPECT_EQ(sent.answers[0].wire.ack, 9u);
  EXPECT_EQ(sent.answers[1].toward, Toward::Sender);
  EXPECT_EQ(sent.answers[1].wire.flags, kRst | kAck);
}

TEST(DnsRefusal, QuestionOverTcpIsResetWhereAnAnswerIsOnItsWay) {
  const Bytes asked = message(0x0100, true);
  Frame frame;
  frame.ip("10.20.0.10", "198.51.100.53").tcp(40000, 53, kPsh | kAck, 1, 2).payload(prefixed(asked));
  Refusal refusal = dns();
  refusal.message = asked;
  refusal.response_outstanding = true;
  EXPECT_EQ(refused(frame.build(), refusal).kind, Answer::TcpReset);
}

TEST(DnsRefusal, QuestionCutAnywhereNeverReadsBeyondAndIsToldByIcmpOrReset) {
  const Bytes whole = message(0x0100, false);
  for (size_t size = 0; size < whole.size(); ++size) {
    const Bytes cut(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(size));
    EXPECT_EQ(refused(udp_query(false, cut).build(), dns()).kind, Answer::IcmpProhibited) << size;
    Frame frame;
    frame.ip("10.20.0.10", "198.51.100.53").tcp(40000, 53, kPsh | kAck).payload(prefixed(cut));
    EXPECT_EQ(refused(frame.build(), dns()).kind, Answer::TcpReset) << size;
  }
}

TEST(DnsRefusal, EveryByteFlippedGivesASoundAnswer) {
  const Bytes whole = message(0x0100, true);
  for (size_t at = 0; at < whole.size(); ++at) {
    for (const uint8_t flip : {0x01, 0x80, 0xff}) {
      Bytes changed = whole;
      changed[at] ^= flip;
      const Bytes judged = udp_query(false, changed).build();
      const Sent sent = refused(judged, dns());
      ASSERT_EQ(sent.answers.size(), 1u);
      expect_sound(judged, sent.answers[0]);
    }
  }
}

}  // namespace
}  // namespace sluice::test
