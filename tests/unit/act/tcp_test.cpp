// tests: resets, the TLS alert and the HTTP page.
#include "tests/unit/act/judged.h"

namespace sluice::test {
namespace {

struct Ends {
  const char *client, *server;
  bool tagged;
};
const Ends kEnds[] = {{"10.20.1.7", "198.51.100.9", false},
                      {"10.20.1.7", "198.51.100.9", true},
                      {"2001:db8::1", "2001:db8:2::9", false},
                      {"2001:db8::1", "2001:db8:2::9", true}};

Frame from_client(const Ends& ends, uint8_t flags = kPsh | kAck, uint32_t seq = 1000, uint32_t ack = 5000) {
  Frame frame;
  if (ends.tagged) frame.vlan(100, 0x88a8).vlan(28, 0x8100, 5);
  frame.ip(ends.client, ends.server).tcp(40000, 443, flags, seq, ack);
  return frame;
}

Refusal tls() {
  return {.protocol = Protocol::Tls, .rule = "no-malware"};
}
Refusal http() {
  return {.protocol = Protocol::Http,
          .rule = "no-malware",
          .reference = "7-42",
          .contact = "it@example.com",
          .host = "bad.example"};
}
std::string text(const Bytes& data) {
  return std::string(data.begin(), data.end());
}

TEST(TlsRefusal, ClientGetsAFatalAlertWithFin) {
  for (const Ends& ends : kEnds) {
    const Bytes judged = from_client(ends).payload("a hello").build();
    const Sent sent = refused(judged, tls());
    EXPECT_EQ(sent.kind, Answer::TlsAlert);
    ASSERT_EQ(sent.answers.size(), 2u);
    for (const SentAnswer& answer : sent.answers) expect_sound(judged, answer);
    const SentAnswer& alert = sent.answers[0];
    EXPECT_EQ(alert.toward, Toward::Sender);
    EXPECT_EQ(alert.wire.flags, kFin | kPsh | kAck);
    EXPECT_EQ(alert.wire.seq, 5000u);
    EXPECT_EQ(alert.wire.ack, 1007u);
    EXPECT_EQ(alert.wire.payload, (Bytes{0x15, 3, 3, 0, 2, 2, 49}));
  }
}

TEST(TlsRefusal, ServerGetsResetsAtItsLastAckThenAtTheJudgedSegment) {
  Refusal refusal = tls();
  refusal.server_ack_known = true;
  refusal.server_ack = 900;
  const Bytes judged = from_client(kEnds[0]).payload("a hello").build();
  const Sent sent = refused(judged, refusal);
  ASSERT_EQ(sent.answers.size(), 3u);
  const uint32_t numbers[] = {900, 1000};
  for (size_t at = 1; at < 3; ++at) {
    expect_sound(judged, sent.answers[at]);
    EXPECT_EQ(sent.answers[at].toward, Toward::Receiver);
    EXPECT_EQ(sent.answers[at].wire.seq, numbers[at - 1]);
    EXPECT_EQ(sent.answers[at].wire.flags, kRst | kAck);
    EXPECT_TRUE(sent.answers[at].wire.payload.empty());
  }
}

TEST(TlsRefusal, ServerAckAtTheJudgedSegmentGivesOneReset) {
  Refusal refusal = tls();
  refusal.server_ack_known = true;
  refusal.server_ack = 1000;
  EXPECT_EQ(refused(from_client(kEnds[0]).payload("a hello").build(), refusal).answers.size(), 2u);
}

TEST(TlsRefusal, SequenceNumbersWrap) {
  const Sent sent = refused(from_client(kEnds[0], kAck, 0xfffffffe, 7).payload("hello").build(), tls());
  EXPECT_EQ(sent.answers.at(0).wire.ack, 3u);
}

TEST(TlsRefusal, FinWithTheHelloIsAcknowledgedToo) {
  const Sent sent = refused(from_client(kEnds[0], kAck | kFin).payload("hello").build(), tls());
  EXPECT_EQ(sent.answers.at(0).wire.ack, 1006u);
}

TEST(TlsRefusal, PacketFromTheServerResetsBothWays) {
  Refusal refusal = tls();
  refusal.from_opener = false;
  refusal.server_ack_known = true;  // of the judged packet's own sender: no number for its receiver
  refusal.server_ack = 900;
  const Bytes judged = from_client(kEnds[0]).payload("a banner").build();
  const Sent sent = refused(judged, refusal);
  EXPECT_EQ(sent.kind, Answer::TcpReset);
  ASSERT_EQ(sent.answers.size(), 2u);
  for (const SentAnswer& answer : sent.answers) {
    expect_sound(judged, answer);
    EXPECT_EQ(answer.wire.flags, kRst | kAck);
  }
  EXPECT_EQ(sent.answers[0].wire.seq, 5000u);
  EXPECT_EQ(sent.answers[1].wire.seq, 1000u);
}

TEST(TlsRefusal, BareAckResetsBothWays) {
  EXPECT_EQ(refused(from_client(kEnds[0], kAck).build(), tls()).kind, Answer::TcpReset);
}

TEST(HttpRefusal, ClientGetsAWholePageWithFin) {
  for (const Ends& ends : kEnds) {
    const Bytes judged = from_client(ends).payload("GET / HTTP/1.1\r\nHost: bad.example\r\n\r\n").build();
    const Sent sent = refused(judged, http());
    EXPECT_EQ(sent.kind, Answer::HttpPage);
    ASSERT_EQ(sent.answers.size(), 2u);
    for (const SentAnswer& answer : sent.answers) expect_sound(judged, answer);
    EXPECT_EQ(sent.answers[0].wire.flags, kFin | kPsh | kAck);
    const std::string page = text(sent.answers[0].wire.payload);
    const size_t body = page.find("\r\n\r\n") + 4;
    EXPECT_TRUE(page.starts_with("HTTP/1.1 403 Forbidden\r\n"));
    EXPECT_NE(page.find("Content-Length: " + std::to_string(page.size() - body) + "\r\n"), std::string::npos);
    for (const char* part : {"Connection: close\r\n", "Cache-Control: no-store\r\n",
                             "Content-Type: text/html; charset=utf-8\r\n", "no-malware", "7-42",
                             "it@example.com", "bad.example", "Blocked", "已阻止"}) {
      EXPECT_NE(page.find(part), std::string::npos) << part;
    }
  }
}

TEST(HttpRefusal, ValuesAreEscaped) {
  Refusal refusal = http();
  refusal.host = "<script>\"&'";
  const std::string page =
      text(refused(from_client(kEnds[0]).payload("GET").build(), refusal).answers.at(0).wire.payload);
  EXPECT_NE(page.find("&lt;script&gt;&quot;&amp;&#39;"), std::string::npos);
  EXPECT_EQ(page.find("<script>"), std::string::npos);
}

TEST(HttpRefusal, LongValuesAreCutBetweenCharactersAndThePageFits) {
  for (const std::string unit : {"a", "<", "\"", "é", "规", "\xf0\x9f\x98\x80", "\xff", "\n"}) {
    std::string value;
    while (value.size() < 600) value += unit;
    for (size_t skip = 0; skip < 4; ++skip) {
      const std::string_view cut = std::string_view(value).substr(skip);
      const Refusal refusal = {
          .protocol = Protocol::Http, .rule = cut, .reference = cut, .contact = cut, .host = cut};
      const Sent sent = refused(from_client(kEnds[0]).payload("GET").build(), refusal);
      const std::string page = text(sent.answers.at(0).wire.payload);
      EXPECT_LE(page.size(), 1200u);
      EXPECT_TRUE(page.ends_with("</html>\n"));
    }
  }
}

TEST(HttpRefusal, EarlierResponseOutstandingResets) {
  Refusal refusal = http();
  refusal.response_outstanding = true;
  const Sent sent = refused(from_client(kEnds[0]).payload("GET").build(), refusal);
  EXPECT_EQ(sent.kind, Answer::TcpReset);
  EXPECT_EQ(sent.answers.at(0).wire.flags, kRst | kAck);
  EXPECT_EQ(sent.answers.at(0).wire.seq, 5000u);
}

TEST(TlsRefusal, SessionThatHasBegunResets) {
  Refusal refusal = tls();
  refusal.response_outstanding = true;
  const Sent sent = refused(from_client(kEnds[0]).payload("sealed data").build(), refusal);
  EXPECT_EQ(sent.kind, Answer::TcpReset);
  EXPECT_TRUE(sent.answers.at(0).wire.payload.empty());
}

TEST(TcpRefusal, SynIsRefusedToItsSenderOnly) {
  for (const Ends& ends : kEnds) {
    const Bytes judged = from_client(ends, kSyn, 1000, 0).build();
    const Sent sent = refused(judged, {});
    EXPECT_EQ(sent.kind, Answer::TcpReset);
    ASSERT_EQ(sent.answers.size(), 1u);
    expect_sound(judged, sent.answers[0]);
    EXPECT_EQ(sent.answers[0].toward, Toward::Sender);
    EXPECT_EQ(sent.answers[0].wire.flags, kRst | kAck);
    EXPECT_EQ(sent.answers[0].wire.seq, 0u);
    EXPECT_EQ(sent.answers[0].wire.ack, 1001u);
  }
}

TEST(TcpRefusal, SynWithDataAcknowledgesTheData) {
  const Sent sent = refused(from_client(kEnds[0], kSyn, 1000, 0).payload("hello").build(), tls());
  ASSERT_EQ(sent.answers.size(), 1u);
  EXPECT_EQ(sent.answers[0].wire.ack, 1006u);
}

TEST(TcpRefusal, SynAckIsRefusedBothWaysWithNumbersTheOpenerTakes) {
  const Sent sent = refused(from_client(kEnds[0], kSyn | kAck, 1000, 5001).build(), {.from_opener = false});
  ASSERT_EQ(sent.answers.size(), 2u);
  EXPECT_EQ(sent.answers[0].wire.seq, 5001u);
  EXPECT_EQ(sent.answers[1].wire.ack, 5001u);  // in SYN-SENT only a reset with its own number plus one counts
  EXPECT_EQ(sent.answers[1].wire.flags, kRst | kAck);
}

TEST(LaterPacket, DataAndFinGetAResetNumberedFromTheirAck) {
  for (const Ends& ends : kEnds) {
    for (const bool fin : {false, true}) {
      Frame frame = from_client(ends, fin ? kFin | kAck : kAck);
      if (!fin) frame.payload("more");
      const Bytes judged = frame.build();
      const Sent sent = sent_of(refuse_again(test_pool(), packet_of(judged), judged, true));
      EXPECT_EQ(sent.kind, Answer::TcpReset);
      ASSERT_EQ(sent.answers.size(), 1u);
      expect_sound(judged, sent.answers[0]);
      EXPECT_EQ(sent.answers[0].wire.seq, 5000u);
      EXPECT_EQ(sent.answers[0].wire.ack, fin ? 1001u : 1004u);
    }
  }
}

TEST(LaterPacket, AcknowledgementOfTheAnswerGetsNothing) {
  const Bytes judged = from_client(kEnds[0], kAck).build();
  EXPECT_TRUE(sent_of(refuse_again(test_pool(), packet_of(judged), judged, true)).answers.empty());
}

TEST(LaterPacket, AcknowledgementOfTheOtherSideGetsAResetWithTheNumberThatItWaitsFor) {
  const Bytes judged = from_client(kEnds[0], kAck).build();
  const Sent sent = sent_of(refuse_again(test_pool(), packet_of(judged), judged, false));
  ASSERT_EQ(sent.answers.size(), 1u);
  EXPECT_EQ(sent.answers[0].wire.seq, 5000u);
}

TEST(LaterPacket, NewSynIsRefused) {
  const Bytes judged = from_client(kEnds[0], kSyn, 77, 0).build();
  const Sent sent = sent_of(refuse_again(test_pool(), packet_of(judged), judged, true));
  ASSERT_EQ(sent.answers.size(), 1u);
  EXPECT_EQ(sent.answers[0].wire.seq, 0u);
  EXPECT_EQ(sent.answers[0].wire.ack, 78u);
}

TEST(LaterPacket, ResetGetsNothing) {
  const Bytes judged = from_client(kEnds[0], kRst | kAck).build();
  EXPECT_TRUE(sent_of(refuse_again(test_pool(), packet_of(judged), judged, true)).answers.empty());
}

}  // namespace
}  // namespace sluice::test
