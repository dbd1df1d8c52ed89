// tests: which side a captured packet came from.
#include "dataplane/replay/sides.h"

#include <gtest/gtest.h>

#include "tests/support/frame.h"

namespace sluice::test {
namespace {

using replay::LanPrefix;
using replay::parse_lan;
using replay::Sides;

constexpr const char *kOne = "10.0.0.9", *kOther = "192.0.2.1";

bool from_lan(Sides& sides, const Frame& built) {
  const Bytes frame = built.build();
  Packet packet;
  const Decoded decoded = decode_frame(frame, static_cast<uint32_t>(frame.size()), packet);
  EXPECT_EQ(decoded.kind, Decoded::Kind::Ip);
  return sides.side_of(packet, frame) == Side::Lan;
}
bool tcp(Sides& sides, bool forward, uint16_t from_port, uint16_t to_port, uint8_t flags) {
  return from_lan(
      sides, Frame().ip(forward ? kOne : kOther, forward ? kOther : kOne).tcp(from_port, to_port, flags));
}
bool udp(Sides& sides, bool forward, uint16_t from_port, uint16_t to_port) {
  return from_lan(sides,
                  Frame().ip(forward ? kOne : kOther, forward ? kOther : kOne).udp(from_port, to_port));
}

TEST(LanPrefix, BothFamiliesAndSingleAddressesAreParsed) {
  const auto covers = [](const char* prefix, const char* address) {
    return parse_lan(prefix)->covers(parse_lan(address)->address);
  };
  EXPECT_TRUE(covers("10.20.0.0/16", "10.20.255.1"));
  EXPECT_FALSE(covers("10.20.0.0/16", "10.21.0.1"));
  EXPECT_TRUE(covers("10.20.0.0/15", "10.21.0.1"));
  EXPECT_TRUE(covers("10.20.0.1", "10.20.0.1"));
  EXPECT_FALSE(covers("10.20.0.1", "10.20.0.0"));
  EXPECT_TRUE(covers("fd00::/8", "fd12::1"));
  EXPECT_TRUE(covers("0.0.0.0/0", "203.0.113.1"));
  EXPECT_FALSE(covers("0.0.0.0/0", "2001:db8::1"));
  EXPECT_TRUE(covers("::/0", "10.0.0.1"));
}

TEST(LanPrefix, WhatIsNoneIsRefused) {
  for (const char* text :
       {"", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/8x", "fd00::/129", "lan"}) {
    EXPECT_FALSE(parse_lan(text)) << text;
  }
}

TEST(Sides, GivenPrefixesDecideBySource) {
  const LanPrefix lan[] = {*parse_lan("10.0.0.0/8")};
  Sides sides(lan);
  EXPECT_TRUE(tcp(sides, true, 443, 50000, kSyn | kAck));
  EXPECT_FALSE(tcp(sides, false, 50000, 443, kSyn));
  EXPECT_TRUE(from_lan(sides, Frame().ip(kOne, "10.1.1.1").udp(1, 2)));
}

TEST(Sides, SynOpens) {
  Sides sides({});
  EXPECT_TRUE(tcp(sides, true, 80, 443, kSyn));
  EXPECT_FALSE(tcp(sides, false, 443, 80, kSyn | kAck));
  EXPECT_TRUE(tcp(sides, true, 80, 443, kAck));
}

TEST(Sides, SynAckSeenFirstComesFromTheServer) {
  Sides sides({});
  EXPECT_FALSE(tcp(sides, true, 50000, 50001, kSyn | kAck));
  EXPECT_TRUE(tcp(sides, false, 50001, 50000, kAck));
}

TEST(Sides, NewSynTurnsAFlowRound) {
  Sides sides({});
  EXPECT_TRUE(tcp(sides, true, 50000, 50001, kSyn));
  EXPECT_TRUE(tcp(sides, false, 50001, 50000, kSyn));
  EXPECT_FALSE(tcp(sides, true, 50000, 50001, kAck));
}

TEST(Sides, AnswerSeenFirstIsKnownByItsPort) {
  Sides sides({});
  EXPECT_FALSE(udp(sides, true, 53, 40000));
  EXPECT_TRUE(udp(sides, false, 40000, 53));
  EXPECT_FALSE(tcp(sides, true, 443, 50000, kAck));
}

TEST(Sides, FirstSenderIsTheClientWherePortsSayNothing) {
  Sides sides({});
  EXPECT_TRUE(udp(sides, false, 40000, 9000));
  EXPECT_FALSE(udp(sides, true, 9000, 40000));
}

TEST(Sides, PortlessPacketsFollowWhatTheTwoSpokeBefore) {
  Sides sides({});
  EXPECT_FALSE(udp(sides, true, 53, 40000));  // so kOther is the client
  EXPECT_FALSE(from_lan(sides, Frame().ip(kOne, kOther).fragment(800, false).protocol(17).payload("rest")));
  EXPECT_TRUE(from_lan(sides, Frame().ip(kOther, kOne).protocol(47).payload("tunnel")));
}

TEST(Sides, IcmpErrorGoesToWhoSentWhatItQuotes) {
  Sides sides({});
  EXPECT_TRUE(udp(sides, true, 40000, 443));
  const auto quoting = [](const Frame& quoted) {
    const Bytes frame = quoted.build();
    return Bytes(frame.begin() + 14, frame.end());
  };
  const Bytes from_client = quoting(Frame().ip(kOne, kOther).udp(40000, 443).payload("x"));
  const Bytes from_server = quoting(Frame().ip(kOther, kOne).udp(443, 40000).payload("x"));
  EXPECT_FALSE(from_lan(sides, Frame().ip("198.51.100.1", kOne).icmp(3, 3).payload(from_client)));
  EXPECT_TRUE(from_lan(sides, Frame().ip(kOne, kOther).icmp(3, 3).payload(from_server)));
}

}  // namespace
}  // namespace sluice::test
