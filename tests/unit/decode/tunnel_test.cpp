// tests: what a tunnel's packet carries, whole, cut and bent.
#include "dataplane/decode/tunnel.h"

#include <gtest/gtest.h>

#include <cstring>
#include <memory>

#include "tests/support/frame.h"

namespace sluice {
namespace {

using test::Bytes;
using test::Frame;

Frame inner4() {
  return Frame().ip("10.1.1.7", "10.2.2.9").tcp(1000, 443, kPsh | kAck, 77, 88).payload("hello");
}

/// A packet around header and inner's packet, or its whole frame.
Bytes around(uint8_t transport, const Bytes& header, const Frame& inner, bool whole_frame = false) {
  Bytes payload = header;
  const Bytes frame = inner.build();
  payload.insert(payload.end(), frame.begin() + static_cast<ptrdiff_t>(whole_frame ? 0 : inner.l3_offset()),
                 frame.end());
  return Frame().ip("10.20.0.1", "10.64.0.1").protocol(transport).payload(payload).build();
}

struct Inside {
  Decoded decoded{};
  Packet packet;
  uint32_t network = 0;
};

/// Decodes from a heap block of exactly the bytes that may be looked at.
Inside open(Protocol tunnel, const Bytes& frame, size_t cut = SIZE_MAX) {
  Inside out;
  const size_t size = std::min(frame.size(), cut), head = std::min(size, kMaxHeaderBytes);
  auto exact = std::make_unique<uint8_t[]>(head);
  std::memcpy(exact.get(), frame.data(), head);
  Packet outer;
  const std::span<const uint8_t> headers{exact.get(), head};
  if (decode_frame(headers, static_cast<uint32_t>(size), outer).kind == Decoded::Kind::Ip)
    out.decoded = decode_inside(tunnel, headers, outer, out.packet, out.network);
  else
    out.decoded = {Decoded::Kind::Dropped, Reason::MalformedIpv4};
  return out;
}

constexpr size_t kOuter = 14 + 20;

void expect_inner4(const Inside& inside, size_t l3_offset) {
  ASSERT_EQ(inside.decoded.kind, Decoded::Kind::Ip);
  EXPECT_EQ(inside.packet.source, Address::from_v4(test::address_bytes("10.1.1.7").data()));
  EXPECT_EQ(inside.packet.l3_offset, l3_offset);
  EXPECT_EQ(inside.packet.payload_offset, l3_offset + 40);
  EXPECT_EQ(inside.packet.payload_size, 5u);
  EXPECT_EQ(inside.packet.source_port, 1000);
  EXPECT_EQ(inside.packet.tcp_seq, 77u);
}

TEST(DecodeInside, OffsetsCountFromTheOuterFrame) {
  expect_inner4(open(Protocol::IpIp, around(4, {}, inner4())), kOuter);
  expect_inner4(open(Protocol::Gre, around(47, {0, 0, 8, 0}, inner4())), kOuter + 4);
  const Frame six = Frame().ip("fd00::7", "fd00::9").udp(1, 2).payload("x");
  const Inside inside = open(Protocol::SixInFour, around(41, {}, six));
  ASSERT_EQ(inside.decoded.kind, Decoded::Kind::Ip);
  EXPECT_FALSE(inside.packet.v4);
  EXPECT_EQ(inside.packet.payload_offset, kOuter + 48);
}

TEST(DecodeInside, GreReadsItsOptions) {
  const Inside keyed = open(Protocol::Gre, around(47, {0x20, 0, 8, 0, 1, 2, 3, 4}, inner4()));
  expect_inner4(keyed, kOuter + 8);
  EXPECT_EQ(keyed.network, 0x01020304u);
  expect_inner4(open(Protocol::Gre, around(47, {0x80, 0, 8, 0, 0, 0, 0, 0}, inner4())), kOuter + 8);
  expect_inner4(open(Protocol::Gre, around(47, {0x10, 0, 8, 0, 0, 0, 0, 9}, inner4())), kOuter + 8);
  expect_inner4(
      open(Protocol::Gre, around(47, {0xb0, 0, 8, 0, 0, 0, 0, 0, 1, 2, 3, 4, 0, 0, 0, 9}, inner4())),
      kOuter + 16);
  expect_inner4(open(Protocol::Gre, around(47, {0, 0, 0x65, 0x58}, inner4(), true)), kOuter + 4 + 14);
}

TEST(DecodeInside, GreOfAnotherShapeIsMalformed) {
  for (const Bytes& header : {Bytes{0x40, 0, 8, 0}, Bytes{0, 1, 8, 0}, Bytes{0x08, 0, 8, 0}}) {
    const Inside inside = open(Protocol::Gre, around(47, header, inner4()));
    EXPECT_EQ(inside.decoded.kind, Decoded::Kind::Dropped);
    EXPECT_EQ(inside.decoded.reason, Reason::MalformedTunnel);
  }
  EXPECT_EQ(open(Protocol::Gre, around(47, {0, 0, 0x88, 0x0b}, inner4())).decoded.kind, Decoded::Kind::NotIp);
}

TEST(DecodeInside, VxlanReadsItsNetworkAndTheInnerTag) {
  Bytes payload = {8, 0, 0, 0, 1, 2, 3, 0};
  test::put(payload, inner4().vlan(28).build());
  const Inside right =
      open(Protocol::Vxlan, Frame().ip("10.20.0.1", "10.64.0.1").udp(1, 4789).payload(payload).build());
  expect_inner4(right, kOuter + 8 + 8 + 18);
  EXPECT_EQ(right.network, 0x010203u);
  EXPECT_EQ(right.packet.vlan, 28);
}

TEST(DecodeInside, NothingBeyondTheOuterPacketIsRead) {
  Bytes frame = around(4, {}, inner4());
  frame.resize(frame.size() + 40);  // the link's padding
  frame[kOuter + 3] = static_cast<uint8_t>(frame[kOuter + 3] + 8);
  const Inside inside = open(Protocol::IpIp, frame);
  EXPECT_EQ(inside.decoded.kind, Decoded::Kind::Dropped);
  EXPECT_EQ(inside.decoded.reason, Reason::MalformedIpv4);
}

TEST(DecodeInside, EveryCutIsDropped) {
  const Bytes whole = around(47, {0x20, 0, 8, 0, 1, 2, 3, 4}, inner4());
  for (size_t cut = 0; cut < whole.size(); ++cut)
    EXPECT_EQ(open(Protocol::Gre, whole, cut).decoded.kind, Decoded::Kind::Dropped) << cut;
}

TEST(DecodeInside, HeadersBeyondTheBoundAreTooMany) {
  Frame deep = Frame().ip("10.20.0.1", "10.64.0.1").protocol(47);
  Bytes payload(kMaxHeaderBytes - kOuter - 2, 0);
  payload[2] = 0x65, payload[3] = 0x58;
  for (size_t at = 4 + 12; at + 4 <= payload.size(); at += 4) payload[at] = 0x81;  // tags without end
  const Inside tags = open(Protocol::Gre, deep.payload(payload).build());
  EXPECT_EQ(tags.decoded.reason, Reason::TooManyHeaders);
}

}  // namespace
}  // namespace sluice
