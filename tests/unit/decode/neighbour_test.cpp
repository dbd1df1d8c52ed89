// tests: whose an address is, as ARP and ND say it, and who says it for somebody else.
#include "dataplane/decode/neighbour.h"

#include <gtest/gtest.h>

#include <optional>

#include "tests/support/frame.h"

namespace sluice {
namespace {

using test::Bytes;
using test::Frame;

constexpr test::Mac kOther = {2, 0, 0, 0, 0, 9};

Bytes arp(uint16_t operation, const test::Mac& mac, std::string_view sender, std::string_view target) {
  Bytes out = {0, 1, 8, 0, 6, 4};
  test::put16(out, operation);
  out.insert(out.end(), mac.begin(), mac.end());
  test::put(out, test::address_bytes(sender));
  out.insert(out.end(), 6, 0);
  test::put(out, test::address_bytes(target));
  return out;
}

Frame arp_frame(const Bytes& message) {
  return Frame().mac(test::kClientMac, test::kServerMac).ethertype(0x0806).payload(message);
}

/// The body of a solicitation or an advertisement behind ICMPv6's first eight bytes.
Bytes nd(std::string_view target, uint8_t option, const test::Mac& mac) {
  Bytes out = test::address_bytes(target);
  out.push_back(option);
  out.push_back(1);
  out.insert(out.end(), mac.begin(), mac.end());
  return out;
}

std::optional<Neighbour> seen(const Bytes& bytes) {
  const std::vector<uint8_t> exact(bytes.begin(), bytes.end());
  Packet packet;
  const Decoded decoded = decode_frame(exact, static_cast<uint32_t>(exact.size()), packet);
  Neighbour out;
  const bool told = decoded.kind == Decoded::Kind::NotIp ? read_arp(exact, packet, out)
                    : decoded.kind == Decoded::Kind::Ip  ? read_nd(exact, packet, out)
                                                         : false;
  return told ? std::optional(out) : std::nullopt;
}

void expect_client(const std::optional<Neighbour>& out, std::string_view address, uint16_t vlan = kNoVlan) {
  ASSERT_TRUE(out);
  const Bytes bytes = test::address_bytes(address);
  EXPECT_EQ(out->address,
            bytes.size() == 4 ? Address::from_v4(bytes.data()) : Address::from_v6(bytes.data()));
  EXPECT_EQ(std::memcmp(out->mac, test::kClientMac.data(), 6), 0);
  EXPECT_EQ(out->vlan, vlan);
}

TEST(Neighbour, ArpTellsItsSender) {
  for (const uint16_t operation : {1, 2})
    expect_client(seen(arp_frame(arp(operation, test::kClientMac, "10.20.1.7", "10.20.0.1")).build()),
                  "10.20.1.7");
  expect_client(seen(arp_frame(arp(1, test::kClientMac, "10.20.1.7", "10.20.1.7")).build()), "10.20.1.7");
  expect_client(seen(arp_frame(arp(1, test::kClientMac, "10.20.1.7", "10.20.0.1")).vlan(20).build()),
                "10.20.1.7", 20);
}

TEST(Neighbour, ArpOfAProbeOrForSomebodyElseTellsNothing) {
  EXPECT_FALSE(seen(arp_frame(arp(1, test::kClientMac, "0.0.0.0", "10.20.1.7")).build()));
  EXPECT_FALSE(seen(arp_frame(arp(2, kOther, "10.20.1.7", "10.20.0.1")).build()));
  EXPECT_FALSE(seen(arp_frame(arp(3, test::kClientMac, "10.20.1.7", "10.20.0.1")).build()));
  EXPECT_FALSE(seen(arp_frame(arp(2, test::kClientMac, "224.0.0.1", "10.20.0.1")).build()));
  Bytes other = arp(2, test::kClientMac, "10.20.1.7", "10.20.0.1");
  other[4] = 8;
  EXPECT_FALSE(seen(arp_frame(other).build()));
}

TEST(Neighbour, NdTellsTheOneThatHasTheOption) {
  expect_client(seen(Frame()
                         .ip("fd12::7", "ff02::1:ff00:1")
                         .ttl(255)
                         .icmp(135, 0)
                         .payload(nd("fd12::1", 1, test::kClientMac))
                         .build()),
                "fd12::7");
  expect_client(seen(Frame()
                         .ip("fe80::7", "ff02::1")
                         .ttl(255)
                         .icmp(136, 0)
                         .payload(nd("fd12::7", 2, test::kClientMac))
                         .build()),
                "fd12::7");
}

TEST(Neighbour, NdThatIsNoneTellsNothing) {
  const auto told = [](std::string_view from, uint8_t type, uint8_t hops, const Bytes& body) {
    return seen(Frame().ip(from, "fd12::1").ttl(hops).icmp(type, 0).payload(body).build()).has_value();
  };
  const Bytes solicits = nd("fd12::1", 1, test::kClientMac), tells = nd("fd12::7", 2, test::kClientMac);
  EXPECT_TRUE(told("fd12::7", 135, 255, solicits));
  EXPECT_FALSE(told("fd12::7", 135, 254, solicits));
  EXPECT_FALSE(told("::", 135, 255, solicits));
  EXPECT_FALSE(told("fe80::7", 135, 255, solicits));
  EXPECT_FALSE(told("fd12::7", 135, 255, tells));
  EXPECT_FALSE(told("fd12::7", 134, 255, tells));
  EXPECT_FALSE(told("fd12::7", 136, 255, nd("fd12::7", 2, kOther)));
  EXPECT_FALSE(told("fd12::7", 136, 255, nd("ff02::7", 2, test::kClientMac)));
  Bytes endless = tells;
  endless[17] = 0;
  EXPECT_FALSE(told("fd12::7", 136, 255, endless));
}

TEST(Neighbour, CutAnywhereTellsNothing) {
  for (const Bytes& whole : {arp_frame(arp(2, test::kClientMac, "10.20.1.7", "10.20.0.1")).build(),
                             Frame()
                                 .ip("fd12::7", "fd12::1")
                                 .ttl(255)
                                 .icmp(136, 0)
                                 .payload(nd("fd12::7", 2, test::kClientMac))
                                 .build()}) {
    ASSERT_TRUE(seen(whole));
    for (size_t size = 0; size < whole.size(); ++size)
      EXPECT_FALSE(seen(Bytes(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(size)))) << size;
  }
}

}  // namespace
}  // namespace sluice
