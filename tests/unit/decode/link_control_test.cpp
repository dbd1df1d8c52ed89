// tests: what counts as link control, and what only looks like it.
#include "dataplane/decode/link_control.h"

#include <gtest/gtest.h>

#include "tests/support/frame.h"

namespace sluice {
namespace {

using test::Bytes;
using test::Frame;

LinkControl kind_of(const Frame& frame) {
  const Bytes bytes = frame.build();
  Packet packet;
  if (decode_frame(bytes, static_cast<uint32_t>(bytes.size()), packet).kind != Decoded::Kind::Ip) {
    ADD_FAILURE() << "not decoded";
    return LinkControl::No;
  }
  return link_control(packet, std::span(bytes).subspan(packet.payload_offset, packet.payload_size));
}

Bytes dhcp(uint8_t op = 1) {
  Bytes body(300);
  body[0] = op;
  const uint8_t cookie[] = {0x63, 0x82, 0x53, 0x63};
  std::copy(std::begin(cookie), std::end(cookie), body.begin() + 236);
  return body;
}

TEST(LinkControl, KnownKindsPass) {
  const Frame frames[] = {
      Frame().ip("fe80::1", "ff02::1").ttl(255).icmp(134, 0),
      Frame().ip("fd00::1", "fd00::2").ttl(255).icmp(136, 0),
      Frame().ip("fe80::1", "ff02::16").ttl(1).icmp(143, 0),
      Frame().ip("10.0.0.1", "224.0.0.22").ttl(1).protocol(2).payload("igmp"),
      Frame().ip("0.0.0.0", "255.255.255.255").udp(68, 67).payload(dhcp()),
      Frame().ip("10.0.0.1", "10.20.1.7").udp(67, 68).payload(dhcp(2)),
      Frame().ip("fe80::1", "ff02::1:2").udp(546, 547).payload("solicit"),
      Frame().ip("10.0.0.1", "224.0.0.18").ttl(255).protocol(112).payload("vrrp"),
      Frame().ip("10.0.0.1", "224.0.0.2").udp(1985, 1985).payload("hsrp"),
  };
  for (const Frame& frame : frames) EXPECT_EQ(kind_of(frame), LinkControl::Yes);
}

TEST(LinkControl, RoutingIsForTheLinesRouters) {
  EXPECT_EQ(kind_of(Frame().ip("192.0.2.1", "224.0.0.5").protocol(89)), LinkControl::BetweenRouters);
  EXPECT_EQ(kind_of(Frame().ip("192.0.2.1", "192.0.2.2").tcp(40000, 179, kSyn)), LinkControl::BetweenRouters);
  EXPECT_EQ(kind_of(Frame().ip("192.0.2.1", "192.0.2.2").udp(50000, 3784)), LinkControl::BetweenRouters);
}

TEST(LinkControl, WhatOnlyWearsItsPortsDoesNotPass) {
  const Frame frames[] = {
      Frame().ip("10.0.0.1", "198.51.100.9").udp(68, 67).payload(Bytes(400)),  // no cookie
      Frame().ip("10.0.0.1", "198.51.100.9").udp(68, 67).payload("short"),
      Frame().ip("fd00::1", "2001:db8::1").udp(546, 547).payload("far away"),
      Frame().ip("fe80::1", "ff02::1").ttl(64).icmp(134, 0),  // routed: not ND
      Frame().ip("10.0.0.1", "198.51.100.9").protocol(112),
      Frame().ip("10.0.0.1", "198.51.100.9").protocol(2),
      Frame().ip("10.0.0.1", "198.51.100.9").udp(1985, 1985),
      Frame().ip("fd00::1", "2001:db8::1").icmp(128, 0),
  };
  for (const Frame& frame : frames) EXPECT_EQ(kind_of(frame), LinkControl::No);
}

}  // namespace
}  // namespace sluice
