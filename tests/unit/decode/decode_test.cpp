// tests: headers of every layer, whole, cut and bent.
#include "dataplane/decode/packet.h"

#include <gtest/gtest.h>

#include <cstring>
#include <memory>

#include "dataplane/decode/glance.h"
#include "tests/support/frame.h"

namespace sluice {
namespace {

using test::Bytes;
using test::Frame;

/// Decodes from a heap block of exactly the bytes that decode may look at, so that a read beyond it is an
/// error. The short way of common frames comes to what the long one does.
Decoded decode(const Bytes& frame, Packet& out, size_t cut = SIZE_MAX) {
  const size_t size = std::min(frame.size(), cut);
  const size_t head = std::min(size, kMaxHeaderBytes);
  auto exact = std::make_unique<uint8_t[]>(head);
  std::memcpy(exact.get(), frame.data(), head);
  const std::span<const uint8_t> headers(exact.get(), head);
  const Decoded decoded = decode_frame(headers, static_cast<uint32_t>(size), out);
  Packet in_full;
  const Decoded again = decode_any(headers, static_cast<uint32_t>(size), in_full);
  EXPECT_EQ(decoded.kind, again.kind);
  EXPECT_EQ(decoded.reason, again.reason);
  if (decoded.kind == Decoded::Kind::Ip) {
    EXPECT_EQ(out, in_full);
  }
  return decoded;
}

bool is_common(const Bytes& frame) {
  Packet packet;
  return decode_common(frame, static_cast<uint32_t>(frame.size()), packet);
}

Frame tcp4() {
  return Frame().ip("10.20.1.7", "198.51.100.9").tcp(51724, 443, kPsh | kAck, 1000, 5000).payload("hello");
}
Frame tcp6() {
  return Frame().ip("fd12:3456:20::7", "2001:db8::9").tcp(51724, 443, kPsh | kAck).payload("hello");
}

TEST(DecodeFrame, Tcp4FillsEveryField) {
  Packet p;
  ASSERT_EQ(decode(tcp4().vlan(20).build(), p).kind, Decoded::Kind::Ip);
  EXPECT_TRUE(p.v4);
  EXPECT_EQ(p.source, Address::from_v4(test::address_bytes("10.20.1.7").data()));
  EXPECT_EQ(p.destination, Address::from_v4(test::address_bytes("198.51.100.9").data()));
  EXPECT_EQ(p.vlan, 20);
  EXPECT_EQ(p.l3_offset, 18);
  EXPECT_EQ(p.l4_offset, 38);
  EXPECT_EQ(p.payload_offset, 58);
  EXPECT_EQ(p.payload_size, 5u);
  EXPECT_EQ(p.source_port, 51724);
  EXPECT_EQ(p.destination_port, 443);
  EXPECT_EQ(p.tcp_seq, 1000u);
  EXPECT_EQ(p.tcp_ack, 5000u);
  EXPECT_EQ(p.tcp_flags, kPsh | kAck);
  EXPECT_FALSE(p.fragment);
}

TEST(DecodeFrame, CommonFramesTakeTheShortWay) {
  const Frame udp = Frame().ip("10.20.1.7", "198.51.100.9").udp(51724, 443).payload("hello");
  for (const Frame& frame : {tcp4(), tcp6(), udp}) {
    EXPECT_TRUE(is_common(Frame(frame).build()));
    EXPECT_TRUE(is_common(Frame(frame).vlan(20).build()));
    EXPECT_TRUE(is_common(Frame(frame).pad_to(120).build()));
    EXPECT_FALSE(is_common(Frame(frame).vlan(20).vlan(21).build()));
  }
}

TEST(DecodeFrame, LinkPaddingIsNoPayload) {
  Packet p;
  ASSERT_EQ(decode(tcp4().pad_to(120).build(), p).kind, Decoded::Kind::Ip);
  EXPECT_EQ(p.payload_size, 5u);
}

TEST(DecodeFrame, QinQGivesInnermostVlanAndPriorityTagNone) {
  Packet p;
  ASSERT_EQ(decode(tcp4().vlan(100, 0x88a8).vlan(28).build(), p).kind, Decoded::Kind::Ip);
  EXPECT_EQ(p.vlan, 28);
  ASSERT_EQ(decode(tcp4().vlan(0).build(), p).kind, Decoded::Kind::Ip);
  EXPECT_EQ(p.vlan, 0xffff);
}

TEST(DecodeFrame, MoreTagsThanTheBoundAreRefused) {
  Frame frame = tcp4();
  for (size_t i = 0; i < kMaxLinkTags; ++i) frame.vlan(static_cast<uint16_t>(10 + i));
  Packet p;
  EXPECT_EQ(decode(frame.build(), p).kind, Decoded::Kind::Ip);
  frame.vlan(99);
  const Decoded decoded = decode(frame.build(), p);
  EXPECT_EQ(decoded.kind, Decoded::Kind::Dropped);
  EXPECT_EQ(decoded.reason, Reason::TooManyHeaders);
}

TEST(DecodeFrame, NotIpIsSaidSo) {
  Packet p;
  for (uint16_t type : {0x0806, 0x88cc, 0x8809, 0x0026}) {
    EXPECT_EQ(decode(Frame().ethertype(type).payload("0123456789").build(), p).kind, Decoded::Kind::NotIp)
        << type;
  }
}

/// frame's IP packet behind other link bytes than its own.
Bytes behind(const Bytes& link, const Frame& frame) {
  const Bytes whole = frame.build();
  Bytes out(whole.begin(), whole.begin() + 12);
  test::put(out, link);
  out.insert(out.end(), whole.begin() + static_cast<long>(frame.l3_offset()), whole.end());
  return out;
}

TEST(DecodeFrame, IpIsFoundBehindEveryLinkHeaderThatCarriesIt) {
  const Bytes links[] = {
      {0, 60, 0xaa, 0xaa, 3, 0, 0, 0, 8, 0},     // SNAP
      {0, 60, 0xaa, 0xaa, 3, 0, 0, 0xf8, 8, 0},  // SNAP, bridge tunnel
      {0x81, 0, 0, 5, 0, 60, 0xaa, 0xaa, 3, 0, 0, 0, 8, 0},
      {0, 60, 6, 6, 3},                             // IP's own access point
      {0x88, 0x64, 0x11, 0, 0, 1, 0, 60, 0, 0x21},  // PPPoE
      {0x88, 0x64, 0x11, 0, 0, 1, 0, 60, 0x21},     // PPPoE, protocol compressed
      {0x88, 0x47, 0, 1, 1, 64},                    // MPLS
  };
  for (const Bytes& link : links) {
    Packet p;
    ASSERT_EQ(decode(behind(link, tcp4()), p).kind, Decoded::Kind::Ip) << link.size();
    EXPECT_EQ(p.destination_port, 443);
    EXPECT_EQ(p.payload_size, 5u);
  }
}

TEST(DecodeFrame, Ipv6ExtensionHeadersAreWalked) {
  Packet p;
  Frame frame = tcp6().extension(0).extension(60).extension(43);
  ASSERT_EQ(decode(frame.build(), p).kind, Decoded::Kind::Ip);
  EXPECT_EQ(p.transport, 6);
  EXPECT_EQ(p.destination_port, 443);
  EXPECT_EQ(p.payload_size, 5u);
  for (size_t i = 3; i < kMaxExtensionHeaders; ++i) frame.extension(60);
  EXPECT_EQ(decode(frame.build(), p).kind, Decoded::Kind::Ip);
  frame.extension(60);
  EXPECT_EQ(decode(frame.build(), p).reason, Reason::TooManyHeaders);
}

TEST(DecodeFrame, HeadersBeyondTheBoundAreTooMany) {
  Packet p;
  const Frame frame = tcp6().extension(60, Bytes(1030));
  EXPECT_EQ(decode(frame.build(), p).reason, Reason::TooManyHeaders);
}

TEST(DecodeFrame, TransportHeadersThatReachBeyondTheBoundAreTooMany) {
  Packet p;
  const Frame tcp = tcp6().extension(60, Bytes(430)).tcp_options(Bytes(40, 1));
  EXPECT_EQ(decode(tcp.build(), p).reason, Reason::TooManyHeaders);
  const Frame icmp =
      Frame().vlan(5).ip("2001:db8::1", "2001:db8::2").extension(60, Bytes(446)).icmp(128, 0).payload("ping");
  EXPECT_EQ(decode(icmp.build(), p).reason, Reason::TooManyHeaders);
}

TEST(DecodeFrame, FragmentsAreMarkedAndLaterOnesHaveNoPorts) {
  Packet p;
  ASSERT_EQ(decode(tcp4().fragment(0, true).build(), p).kind, Decoded::Kind::Ip);
  EXPECT_TRUE(p.fragment);
  EXPECT_EQ(p.destination_port, 443);
  ASSERT_EQ(decode(tcp4().fragment(64, false).build(), p).kind, Decoded::Kind::Ip);
  EXPECT_TRUE(p.fragment);
  EXPECT_EQ(p.fragment_offset, 64);
  EXPECT_EQ(p.destination_port, 0);
  ASSERT_EQ(decode(tcp6().fragment(64, true).build(), p).kind, Decoded::Kind::Ip);
  EXPECT_TRUE(p.fragment);
  EXPECT_EQ(p.transport, 6);
}

TEST(DecodeFrame, FragmentsBearWhatTellsTheirDatagrams) {
  Packet p;
  ASSERT_EQ(decode(tcp4().fragment(64, true, 0x4321).build(), p).kind, Decoded::Kind::Ip);
  EXPECT_EQ(p.fragment_id, 0x4321u);
  EXPECT_TRUE(p.more_fragments);
  // What follows IPv6's fragment header waits for the whole: here an options header is announced.
  const Bytes frame = tcp6().extension(0).fragment(0, true, 0x87654321).extension(60).build();
  ASSERT_EQ(decode(frame, p).kind, Decoded::Kind::Ip);
  EXPECT_EQ(p.fragment_id, 0x87654321u);
  EXPECT_EQ(p.transport, 60);
  EXPECT_EQ(p.l4_offset, 14 + 40 + 8 + 8);
  EXPECT_EQ(p.fragment_next, 14 + 40);  // the hop-by-hop header's first byte
  EXPECT_EQ(frame[p.fragment_next], 44);
}

TEST(DecodeFrame, AFirstFragmentMayEndInsideTheTransportHeader) {
  Packet p;
  const Bytes tiny =
      Frame().ip("10.0.0.1", "10.0.0.2").protocol(6).fragment(0, true).payload(Bytes(8, 1)).build();
  ASSERT_EQ(decode(tiny, p).kind, Decoded::Kind::Ip);
  EXPECT_EQ(p.destination_port, 0x0101);
  EXPECT_EQ(p.payload_offset, p.l4_offset);
  EXPECT_EQ(p.payload_size, 8u);
}

TEST(DecodeFrame, AtomicFragmentIsAWholePacket) {
  Packet p;
  ASSERT_EQ(decode(tcp6().fragment(0, false).build(), p).kind, Decoded::Kind::Ip);
  EXPECT_FALSE(p.fragment);
  EXPECT_EQ(p.destination_port, 443);
}

TEST(DecodeFrame, ImpossibleTcpFlagsAreMalformed) {
  Packet p;
  for (int flags : {0, kSyn | kFin, kSyn | kRst, kPsh | kUrg}) {
    const auto frame = Frame().ip("10.0.0.1", "10.0.0.2").tcp(1, 2, static_cast<uint8_t>(flags)).build();
    EXPECT_EQ(decode(frame, p).reason, Reason::MalformedTcp) << flags;
  }
}

struct LengthCase {
  const char* name;
  Bytes frame;
  Reason reason;
};

TEST(DecodeFrame, LengthFieldsThatDoNotFitAreNamed) {
  const auto ip4 = [] { return Frame().ip("10.0.0.1", "10.0.0.2").udp(1, 2).payload("12345678"); };
  const auto ip6 = [] { return Frame().ip("fd00::1", "fd00::2").udp(1, 2).payload("12345678"); };
  const LengthCase cases[] = {
      {"v4 total 0", ip4().ip_length(0).build(), Reason::MalformedIpv4},
      {"v4 total 1", ip4().ip_length(1).build(), Reason::MalformedIpv4},
      {"v4 total max", ip4().ip_length(0xffff).build(), Reason::MalformedIpv4},
      {"v4 header 0", ip4().ip_header_words(0).build(), Reason::MalformedIpv4},
      {"v4 header 1", ip4().ip_header_words(1).build(), Reason::MalformedIpv4},
      {"v4 header max", ip4().ip_header_words(15).build(), Reason::MalformedIpv4},
      {"v6 payload 0", ip6().ip_length(0).build(), Reason::MalformedUdp},
      {"v6 payload 1", ip6().ip_length(1).build(), Reason::MalformedUdp},
      {"v6 payload max", ip6().ip_length(0xffff).build(), Reason::MalformedIpv6},
      {"udp length 0", ip4().udp_length(0).build(), Reason::MalformedUdp},
      {"udp length 1", ip4().udp_length(1).build(), Reason::MalformedUdp},
      {"udp length max", ip4().udp_length(0xffff).build(), Reason::MalformedUdp},
      {"tcp header 0", tcp4().tcp_header_words(0).build(), Reason::MalformedTcp},
      {"tcp header 1", tcp4().tcp_header_words(1).build(), Reason::MalformedTcp},
      {"tcp header max", tcp4().tcp_header_words(15).build(), Reason::MalformedTcp},
  };
  for (const LengthCase& one : cases) {
    Packet p;
    const Decoded decoded = decode(one.frame, p);
    EXPECT_EQ(decoded.kind, Decoded::Kind::Dropped) << one.name;
    EXPECT_EQ(word_of(decoded.reason), word_of(one.reason)) << one.name;
  }
}

/// One frame of every shape that decode knows.
std::vector<Bytes> shapes() {
  return {
      tcp4().build(),
      tcp4().vlan(20).vlan(30).ip_options({1, 1, 1, 1}).tcp_options({2, 4, 5, 180}).build(),
      tcp6().build(),
      tcp6().vlan(5).extension(0).extension(60).extension(51, Bytes(10)).build(),
      tcp6().fragment(0, true).build(),
      Frame().ip("10.0.0.1", "10.0.0.2").udp(53, 53).payload("abc").build(),
      Frame().ip("fd00::1", "fd00::2").icmp(135, 0).payload("neighbour").build(),
      Frame().ip("10.0.0.1", "10.0.0.2").icmp(8, 0).payload("ping").build(),
      Frame().ip("10.0.0.1", "10.0.0.2").protocol(47).payload("gre").build(),
  };
}

TEST(DecodeFrame, CutAtEveryLengthIsDroppedWithAReasonOrStaysInside) {
  for (const Bytes& frame : shapes()) {
    for (size_t cut = 0; cut < frame.size(); ++cut) {
      Packet p;
      const Decoded decoded = decode(frame, p, cut);
      EXPECT_EQ(decoded.kind, Decoded::Kind::Dropped) << cut;
      if (cut < 14) {
        EXPECT_EQ(decoded.reason, Reason::TruncatedFrame);
      }
    }
  }
}

TEST(DecodeFrame, EveryByteFlippedStaysInside) {
  for (const Bytes& frame : shapes()) {
    for (size_t at = 0; at < frame.size(); ++at) {
      for (int bit = 0; bit < 8; ++bit) {
        Bytes bent = frame;
        bent[at] = static_cast<uint8_t>(bent[at] ^ 1 << bit);
        Packet p;
        if (decode(bent, p).kind != Decoded::Kind::Ip) continue;
        EXPECT_LE(p.payload_offset + p.payload_size, bent.size());
      }
    }
  }
}

TEST(Glance, AtAFragmentTellsWhoseItIs) {
  const Frame plain = Frame().ip("10.20.1.7", "198.51.100.9");
  const auto udp = [](Frame frame) { return frame.udp(40000, 9000).payload(Bytes(64)).build(); };
  const Bytes first = udp(Frame(plain).fragment(0, true)), last = udp(Frame(plain).fragment(64, false));
  for (const Bytes& frame : {first, last}) {
    const auto ends = glance_at_fragment(frame);
    ASSERT_TRUE(ends);
    Packet p;
    ASSERT_EQ(decode(frame, p).kind, Decoded::Kind::Ip);
    EXPECT_TRUE(p.fragment);
    EXPECT_EQ(Address::from_words(ends->first()), p.source);
    EXPECT_EQ(Address::from_words(ends->second()), p.destination);
  }
  EXPECT_FALSE(glance_at_fragment(udp(plain)));
  EXPECT_FALSE(glance_at_fragment(std::span(first).first(30)));
  Bytes ospf = first;
  ospf[14 + 9] = kOspf;
  EXPECT_FALSE(glance_at_fragment(ospf)) << "a link's own";
}

TEST(DecodeIp, QuoteMayBeCutShort) {
  const Bytes frame = tcp4().payload(Bytes(400)).build();
  const Bytes quote(frame.begin() + 14, frame.begin() + 14 + 28);
  Packet p;
  ASSERT_EQ(decode_ip(quote, static_cast<uint32_t>(quote.size()), true, p).kind, Decoded::Kind::Ip);
  EXPECT_EQ(p.source_port, 51724);
  EXPECT_EQ(p.destination_port, 443);
  EXPECT_EQ(decode_ip(quote, static_cast<uint32_t>(quote.size()), false, p).kind, Decoded::Kind::Dropped);
}

}  // namespace
}  // namespace sluice
