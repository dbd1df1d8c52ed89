// tests: ICMP prohibited, what is never answered, and what happens when there is no room.
#include <memory>

#include <rte_mempool.h>

#include "tests/unit/act/judged.h"

namespace sluice::test {
namespace {

Frame quic(bool v6) {
  Frame frame;
  frame.ip(v6 ? "2001:db8::1" : "10.20.1.7", v6 ? "2001:db8:2::9" : "198.51.100.9").udp(50000, 443);
  return frame;
}

TEST(IcmpProhibited, QuotesThePacketFromItsDestination) {
  for (const bool v6 : {false, true}) {
    const Bytes judged = quic(v6).vlan(7).payload("an initial").build();
    const Sent sent = refused(judged, {.protocol = Protocol::Quic});
    EXPECT_EQ(sent.kind, Answer::IcmpProhibited);
    ASSERT_EQ(sent.answers.size(), 1u);
    expect_sound(judged, sent.answers[0]);
    const Wire& wire = sent.answers[0].wire;
    EXPECT_EQ(wire.icmp_type, v6 ? 1 : 3);
    EXPECT_EQ(wire.icmp_code, v6 ? 1 : 13);
    EXPECT_EQ(wire.icmp_rest, 0u);
    EXPECT_EQ(wire.payload, Bytes(judged.begin() + 18, judged.end()));
  }
}

TEST(IcmpProhibited, LinkPaddingIsNotQuoted) {
  const Bytes judged = quic(false).payload("x").pad_to(60).build();
  EXPECT_EQ(refused(judged, {}).answers.at(0).wire.payload,
            Bytes(judged.begin() + 14, judged.begin() + 14 + 29));
}

TEST(IcmpProhibited, LongPacketsAreQuotedUpToTheLeastMtu) {
  for (const bool v6 : {false, true}) {
    const Bytes judged = quic(v6).payload(Bytes(1400, 'x')).build();
    const Wire wire = refused(judged, {}).answers.at(0).wire;
    EXPECT_EQ(wire.ip_size, v6 ? 1280u : 576u);
    EXPECT_TRUE(wire.l4_checksum_right);
  }
}

TEST(IcmpProhibited, EchoRequestIsTold) {
  const Bytes judged = Frame().ip("10.20.1.7", "198.51.100.9").icmp(8, 0, 0x10001).payload("ping").build();
  EXPECT_EQ(refused(judged, {}).kind, Answer::IcmpProhibited);
}

TEST(IcmpProhibited, OtherTransportsAreTold) {
  const Bytes judged = Frame().ip("10.20.1.7", "198.51.100.9").protocol(47).payload("01234567").build();
  EXPECT_EQ(refused(judged, {}).kind, Answer::IcmpProhibited);
}

TEST(Refusal, NeverAnswersWhatMustNotBeAnswered) {
  const auto udp = [](const char* from, const char* to) {
    return Frame().ip(from, to).udp(1, 2).payload("x");
  };
  const std::pair<const char*, Bytes> cases[] = {
      {"broadcast", udp("10.20.1.7", "255.255.255.255").build()},
      {"multicast", udp("10.20.1.7", "224.0.0.251").build()},
      {"multicast v6", udp("fe80::1", "ff02::fb").build()},
      {"group mac",
       udp("10.20.1.7", "10.20.255.255").mac(kClientMac, {0xff, 0xff, 0xff, 0xff, 0xff, 0xff}).build()},
      {"group source mac", udp("10.20.1.7", "10.1.1.1").mac({1, 0, 0, 0, 0, 1}, kServerMac).build()},
      {"no source", udp("0.0.0.0", "10.1.1.1").build()},
      {"no source v6", udp("::", "2001:db8::1").build()},
      {"group source", udp("224.0.0.1", "10.1.1.1").build()},
      {"later fragment",
       Frame().ip("10.20.1.7", "10.1.1.1").fragment(800, true).protocol(17).payload("x").build()},
      {"reset", Frame().ip("10.20.1.7", "10.1.1.1").tcp(1, 2, kRst).build()},
      {"icmp error", Frame().ip("10.20.1.7", "10.1.1.1").icmp(3, 1).payload("x").build()},
      {"icmp time exceeded", Frame().ip("10.20.1.7", "10.1.1.1").icmp(11, 0).payload("x").build()},
      {"icmpv6 error", Frame().ip("2001:db8::1", "2001:db8::2").icmp(1, 0).payload("x").build()},
      {"icmpv6 redirect", Frame().ip("fe80::1", "2001:db8::2").icmp(137, 0).payload("x").build()},
      {"other link", udp("10.20.1.7", "10.1.1.1").build()},
  };
  for (const auto& [what, built] : cases) {
    Packet packet = packet_of(built);
    Bytes frame = built;
    if (what == std::string("other link")) frame[12] = 0x88;
    const Sent sent = sent_of(refuse(test_pool(), packet, frame, {}));
    EXPECT_TRUE(sent.answers.empty()) << what;
    EXPECT_EQ(sent.kind, Answer::Silence) << what;
    EXPECT_EQ(sent.missing, 0) << what;
  }
}

/// The frame with a link header of its own between Ethernet's addresses and the IP header.
Bytes with_link(const Bytes& frame, const Bytes& link) {
  Bytes out(frame.begin(), frame.begin() + 12);
  put(out, link);
  out.insert(out.end(), frame.begin() + 14, frame.end());
  return out;
}

TEST(Refusal, PppoeSessionIsKeptWithItsLengthMended) {
  for (const bool v6 : {false, true}) {
    const Bytes plain = quic(v6).payload("an initial").build();
    Bytes link = {0x88, 0x64, 0x11, 0x00, 0x12, 0x34};
    put16(link, static_cast<uint32_t>(plain.size() - 14 + 2));
    put16(link, v6 ? 0x0057 : 0x0021);
    const Bytes judged = with_link(plain, link);
    Packet packet = packet_of(plain);
    packet.l3_offset += 8;
    packet.l4_offset += 8;
    packet.payload_offset += 8;
    const Sent sent = sent_of(refuse(test_pool(), packet, judged, {}));
    ASSERT_EQ(sent.answers.size(), 1u);
    const Bytes& frame = sent.answers[0].frame;
    EXPECT_EQ(Bytes(frame.begin() + 12, frame.begin() + 18), (Bytes{0x88, 0x64, 0x11, 0x00, 0x12, 0x34}));
    Bytes ip = {0,
                0,
                0,
                0,
                0,
                0,
                0,
                0,
                0,
                0,
                0,
                0,
                static_cast<uint8_t>(v6 ? 0x86 : 8),
                static_cast<uint8_t>(v6 ? 0xdd : 0)};
    ip.insert(ip.end(), frame.begin() + 22, frame.end());
    const Wire wire = read_wire(ip);
    EXPECT_TRUE(wire.l4_checksum_right);
    EXPECT_EQ(frame[18] << 8 | frame[19], static_cast<int>(wire.ip_size + 2));
  }
}

TEST(Refusal, LabelledPacketGetsNothing) {
  const Bytes plain = quic(false).payload("an initial").build();
  const Bytes judged = with_link(plain, {0x88, 0x47, 0x00, 0x01, 0x09, 0x40});
  Packet packet = packet_of(plain);
  packet.l3_offset += 4;
  EXPECT_TRUE(sent_of(refuse(test_pool(), packet, judged, {})).answers.empty());
}

TEST(Refusal, SilentRuleGetsNothing) {
  const Sent sent = refused(quic(false).payload("x").build(), {.silent = true});
  EXPECT_TRUE(sent.answers.empty());
  EXPECT_EQ(sent.kind, Answer::Silence);
}

TEST(Refusal, EmptyPoolCountsEachMissingAnswer) {
  rte_mempool* pool = make_pool("one", 1, 2048);
  rte_mbuf* held = rte_pktmbuf_alloc(pool);
  const Bytes judged = Frame().ip("10.20.1.7", "10.1.1.1").tcp(1, 2, kAck).payload("x").build();
  const Sent sent = sent_of(refuse(pool, packet_of(judged), judged, {}));
  EXPECT_EQ(sent.missing, 2);
  EXPECT_EQ(sent.kind, Answer::Silence);
  rte_pktmbuf_free(held);
  rte_mempool_free(pool);
}

TEST(Refusal, BuffersTooSmallCountAndLeaveNoneBehind) {
  rte_mempool* pool = make_pool("small", 7, 100);
  const Bytes judged = quic(false).payload(Bytes(600, 'x')).build();
  const Sent sent = sent_of(refuse(pool, packet_of(judged), judged, {}));
  EXPECT_EQ(sent.missing, 1);
  EXPECT_EQ(rte_mempool_in_use_count(pool), 0u);
  rte_mempool_free(pool);
}

TEST(Refusal, FrameCutAnywhereIsNeverReadBeyond) {
  const Bytes frames[] = {
      quic(false).payload("an initial").build(), quic(true).payload("an initial").build(),
      Frame().vlan(5).ip("10.20.1.7", "10.1.1.1").tcp(1, 443, kAck).payload("hello").build()};
  for (const Bytes& whole : frames) {
    const Packet packet = packet_of(whole);
    for (size_t size = 0; size <= whole.size(); ++size) {
      // A block of the exact size, so that the sanitizer sees any overrun.
      const auto block = std::make_unique<uint8_t[]>(size);
      std::copy_n(whole.begin(), size, block.get());
      for (const Protocol protocol : {Protocol::Unknown, Protocol::Tls, Protocol::Http, Protocol::Dns}) {
        const Sent sent = sent_of(refuse(test_pool(), packet, {block.get(), size}, {.protocol = protocol}));
        for (const SentAnswer& answer : sent.answers) EXPECT_TRUE(answer.wire.l4_checksum_right);
      }
    }
  }
}

}  // namespace
}  // namespace sluice::test
