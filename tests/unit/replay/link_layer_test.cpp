// tests: frames of other link layers become Ethernet.
#include "dataplane/replay/link_layer.h"

#include <gtest/gtest.h>

#include <memory>

#include "tests/support/frame.h"

namespace sluice::test {
namespace {

Bytes ip_packet(bool v6) {
  Frame frame;
  frame.ip(v6 ? "2001:db8::1" : "10.0.0.1", v6 ? "2001:db8::2" : "10.0.0.2").udp(1, 2).payload("data");
  const Bytes built = frame.build();
  return Bytes(built.begin() + 14, built.end());
}

Bytes ethernet(const Bytes& packet, bool v6) {
  Bytes out(12);
  put16(out, v6 ? 0x86dd : 0x0800);
  put(out, packet);
  return out;
}

struct Case {
  const char* name;
  uint32_t link;
  Bytes header;
  bool v6;
};
const Case kCases[] = {
    {"raw", 101, {}, false},
    {"raw on Linux", 12, {}, true},
    {"IPv4", 228, {}, false},
    {"IPv6", 229, {}, true},
    {"null", 0, {2, 0, 0, 0}, false},
    {"null of another system", 0, {0, 0, 0, 30}, true},
    {"loop", 108, {0, 0, 0, 24}, true},
    {"cooked", 113, {0, 0, 0, 1, 0, 6, 1, 2, 3, 4, 5, 6, 0, 0, 8, 0}, false},
    {"cooked 2", 276, {0x86, 0xdd, 0, 0, 0, 0, 0, 2, 0, 1, 0, 6, 1, 2, 3, 4, 5, 6, 0, 0}, true},
    {"PPP", 9, {0xff, 3, 0, 0x21}, false},
    {"PPP, compressed", 9, {0x57}, true},
    {"Cisco HDLC", 104, {0x0f, 0, 8, 0}, false},
    {"ARCnet, old", 129, {1, 2, 0, 0, 240}, false},
    {"ARCnet", 129, {1, 2, 0, 0, 212, 0, 0, 9}, false},
    {"ARCnet, exception", 129, {1, 2, 0, 0, 212, 0xff, 0xff, 0xff, 0, 0, 0, 9}, false},
    {"NFLOG", 239, {2, 0, 0, 0, 5, 0, 10, 0, 'x', 0, 0, 0, 4, 0, 9, 0}, false},
};

TEST(LinkLayer, EachKindBecomesEthernet) {
  for (const Case& one : kCases) {
    const Bytes packet = ip_packet(one.v6);
    Bytes frame = one.header, out;
    put(frame, packet);
    EXPECT_TRUE(replay::link_is_known(one.link)) << one.name;
    ASSERT_TRUE(replay::to_ethernet(one.link, frame, out)) << one.name;
    EXPECT_EQ(out, ethernet(packet, one.v6)) << one.name;
  }
}

TEST(LinkLayer, CutAnywhereIsNeverReadBeyond) {
  for (const Case& one : kCases) {
    Bytes frame = one.header, out;
    put(frame, ip_packet(one.v6));
    for (size_t size = 0; size < frame.size(); ++size) {
      const auto block = std::make_unique<uint8_t[]>(size);
      std::copy_n(frame.begin(), size, block.get());
      const bool taken = replay::to_ethernet(one.link, {block.get(), size}, out);
      EXPECT_EQ(out.empty(), !taken) << one.name << " at " << size;
      EXPECT_LE(out.size(), size + 14) << one.name << " at " << size;
    }
  }
}

TEST(LinkLayer, EthernetStaysAsItIs) {
  const Bytes frame = Frame().ip("10.0.0.1", "10.0.0.2").udp(1, 2).build();
  Bytes out;
  EXPECT_TRUE(replay::to_ethernet(1, frame, out));
  EXPECT_EQ(out, frame);
}

/// The length field of IP, as the frame has it.
uint16_t ip_length(const Bytes& frame, size_t ip, bool v4) {
  const size_t at = ip + (v4 ? 2 : 4);
  return static_cast<uint16_t>(frame[at] << 8 | frame[at + 1]);
}

TEST(LinkLayer, OffloadedPacketGetsItsLength) {
  for (const bool v4 : {false, true}) {
    Frame whole;
    whole.vlan(100, 0x88a8).vlan(28);
    v4 ? whole.ip("10.0.0.1", "10.0.0.2") : whole.ip("fd00::1", "fd00::2");
    whole.tcp(1, 2, 0x10).payload("data");
    Bytes frame = whole.build();
    const Bytes right = frame;
    replay::mend_lengths(frame);
    EXPECT_EQ(frame, right);
    const size_t length_at = whole.l3_offset() + (v4 ? 2 : 4);
    frame[length_at] = frame[length_at + 1] = 0;
    replay::mend_lengths(frame);
    EXPECT_EQ(frame, right);
  }
}

TEST(LinkLayer, PacketCutShortEndsWhereTheFrameDoes) {
  for (const bool v4 : {false, true}) {
    Frame whole;
    v4 ? whole.ip("10.0.0.1", "10.0.0.2") : whole.ip("fd00::1", "fd00::2");
    const Bytes right = whole.udp(1, 2).payload("data").build();
    const size_t ip = whole.l3_offset(), header = v4 ? 20 : 40, udp = ip + header;
    for (size_t size = 0; size < right.size(); ++size) {
      Bytes cut(right.begin(), right.begin() + static_cast<ptrdiff_t>(size));
      cut.shrink_to_fit();
      const Bytes before = cut;
      replay::mend_lengths(cut);
      ASSERT_EQ(cut.size(), size);
      if (size < udp) {
        EXPECT_EQ(cut, before) << size;
        continue;
      }
      EXPECT_EQ(ip_length(cut, ip, v4), size - ip - (v4 ? 0 : header)) << size;
      if (size < udp + 8) continue;
      EXPECT_EQ(cut[udp + 4] << 8 | cut[udp + 5], size - udp) << size;
    }
  }
}

TEST(LinkLayer, WhatIsNotIpIsLeftOut) {
  Bytes out;
  EXPECT_FALSE(replay::to_ethernet(101, Bytes{0x00, 1, 2, 3}, out));
  EXPECT_FALSE(replay::to_ethernet(9, Bytes{0xff, 3, 0xc0, 0x21, 1}, out));
}

TEST(LinkLayer, UnknownTypesAreNamed) {
  EXPECT_FALSE(replay::link_is_known(105));
  EXPECT_EQ(replay::link_name(105), "IEEE802_11 (105)");
}

}  // namespace
}  // namespace sluice::test
