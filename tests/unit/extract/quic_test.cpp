// tests: looks_like_quic.
#include "dataplane/extract/quic.h"

#include <gtest/gtest.h>

#include <random>

#include "tests/support/feed.h"
#include "tests/support/hello.h"

namespace sluice::test {
namespace {

constexpr uint8_t kInitial = 0xc0, kV2Initial = 0xd0;

bool looks(const Bytes& payload) {
  return looks_like_quic(ExactCopy(payload));
}

/// A long-header packet with a token (Initials only) that fills size bytes.
Bytes make_long(uint8_t first, uint32_t version, size_t size = 1200, bool has_token = true, size_t id = 8) {
  Bytes out = {first};
  append(out, Bytes{static_cast<uint8_t>(version >> 24), static_cast<uint8_t>(version >> 16),
                    static_cast<uint8_t>(version >> 8), static_cast<uint8_t>(version)});
  append_sized(out, Bytes(id, 0x77), 1);
  append_sized(out, Bytes(id / 2, 0x33), 1);
  if (has_token) append_sized(out, Bytes(5, 0x44), 1);
  const size_t length = size - out.size() - 2;
  append(out, Bytes{static_cast<uint8_t>(0x40 | length >> 8), static_cast<uint8_t>(length)});
  out.resize(size, 0x99);
  return out;
}

TEST(LooksLikeQuic, KnownVersionsDo) {
  for (const uint32_t version :
       {0x00000001u, 0xff000017u, 0xff00001du, 0xff000022u, 0xfaceb002u, 0xfaceb00eu}) {
    EXPECT_TRUE(looks(make_long(kInitial, version))) << std::hex << version;
  }
  EXPECT_TRUE(looks(make_long(kV2Initial, 0x6b3343cf)));
  EXPECT_TRUE(looks(make_long(0xe0, 1, 300, false)));  // Handshake
  EXPECT_TRUE(looks(make_long(0xd0, 1, 300, false)));  // 0-RTT
  EXPECT_TRUE(looks(make_long(kInitial, 1, 1200, true, 20)));
  EXPECT_TRUE(looks(make_long(kInitial, 1, 1200, true, 0)));
  EXPECT_TRUE(looks(make_long(kInitial, 1, 60)));       // an acknowledging Initial need not be padded
  EXPECT_TRUE(looks(make_long(0x80, 1)));               // fixed bit cleared (RFC 9287)
  EXPECT_TRUE(looks(make_long(kInitial, 0x1a2a3a4a)));  // provokes a version negotiation
  EXPECT_TRUE(looks(make_long(kInitial, 0x51303530)));  // Q050
  EXPECT_TRUE(looks(make_long(kInitial, 0x54303531)));  // T051
}

TEST(LooksLikeQuic, GoogleVersionsDo) {
  Bytes q046 = {0xc3, 'Q', '0', '4', '6', 0x50};
  q046.resize(1350, 0x11);
  EXPECT_TRUE(looks(q046));
  for (ptrdiff_t size = 0; size < 15; ++size)
    EXPECT_FALSE(looks(Bytes(q046.begin(), q046.begin() + size))) << size;
  Bytes q043 = {0x0d, 1, 2, 3, 4, 5, 6, 7, 8, 'Q', '0', '4', '3', 1};
  EXPECT_FALSE(looks(q043));
  q043.resize(1350, 0x11);
  EXPECT_TRUE(looks(q043));
}

TEST(LooksLikeQuic, LengthsThatDoNotFitAreNot) {
  EXPECT_FALSE(looks(make_long(kInitial, 1, 1200, true, 21)));
  Bytes packet = make_long(kInitial, 1);
  packet.pop_back();
  EXPECT_FALSE(looks(packet));
  packet = make_long(kInitial, 1);
  packet[5 + 1 + 8 + 1 + 4] = 0x3f;  // a longer token: the length is read inside the payload
  packet[5 + 1 + 8 + 1 + 4 + 64] = 0x7f;
  EXPECT_FALSE(looks(packet));
  EXPECT_FALSE(looks(make_long(kInitial, 1, 40)));  // too short for header protection
  EXPECT_FALSE(looks(make_long(0xf0, 1)));          // Retry
  EXPECT_FALSE(looks(make_long(0x80, 1, 600)));     // no fixed bit, and not padded
  EXPECT_FALSE(looks(make_long(kInitial, 0x1a2a3a4a, 600)));
  EXPECT_FALSE(looks(make_long(kInitial, 0)));  // version negotiation, which only servers send
  EXPECT_FALSE(looks(make_long(kInitial, 2)));
  EXPECT_FALSE(looks(make_long(0x40, 1)));  // a short header says nothing
}

TEST(LooksLikeQuic, EveryCutOfAnInitialIsNot) {
  const Bytes packet = make_long(kInitial, 1);
  for (size_t size = 0; size < packet.size(); ++size) {
    EXPECT_FALSE(looks(Bytes(packet.begin(), packet.begin() + static_cast<ptrdiff_t>(size)))) << size;
  }
}

TEST(LooksLikeQuic, OtherDatagramsDoNot) {
  const auto padded = [](Bytes start, size_t size) {
    start.resize(size);
    return start;
  };
  // DNS with a high id, STUN, DTLS, RTP (audio, and video with the type that mvfst's version begins with),
  // RTCP, NTP (unsynchronised client), WireGuard, OpenVPN.
  EXPECT_FALSE(looks(padded({0xff, 0x00, 0x01, 0x00, 0, 1, 0, 0, 0, 0, 0, 0, 1, 'a', 0, 0, 1, 0, 1}, 19)));
  EXPECT_FALSE(looks(padded({0xff, 0x00, 0x00, 0x00, 0, 1, 0, 0, 0, 0, 0, 0, 1, 'a', 0, 0, 1, 0, 1}, 19)));
  EXPECT_FALSE(looks(padded({0x00, 0x01, 0x00, 0x00, 0x21, 0x12, 0xa4, 0x42}, 20)));
  EXPECT_FALSE(looks(padded({0x16, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0}, 200)));
  EXPECT_FALSE(looks(padded({0x80, 0x00, 0x00, 0x00, 0x01, 0, 0, 0, 1}, 172)));
  EXPECT_FALSE(looks(padded({0x80, 0xfa, 0xce, 0xb0, 0x02, 0, 0, 0, 0x41, 0}, 1210)));
  EXPECT_FALSE(looks(padded({0x80, 0xc8, 0x00, 0x06}, 28)));
  EXPECT_FALSE(looks(padded({0xe3, 0x00, 0x06, 0xec, 0}, 48)));
  EXPECT_FALSE(looks(padded({0xe3, 0x00, 0x00, 0x00, 0}, 48)));
  EXPECT_FALSE(looks(padded({0x01, 0, 0, 0}, 148)));
  EXPECT_FALSE(looks(padded({0x38, 1, 2, 3, 4, 5, 6, 7, 8}, 54)));
}

TEST(LooksLikeQuic, RandomBytesHardlyEverDo) {
  std::mt19937 random(5);
  int found = 0;
  for (int round = 0; round < 200000; ++round) {
    Bytes payload(random() % 64);
    for (uint8_t& byte : payload) byte = static_cast<uint8_t>(random());
    found += looks(payload);
  }
  EXPECT_EQ(found, 0);
}

TEST(LooksLikeQuic, FlippedBitsNeverOverrun) {
  for (const Bytes& packet : {make_long(kInitial, 1, 70), make_long(kV2Initial, 0x6b3343cf, 70)}) {
    for (size_t at = 0; at < packet.size(); ++at) {
      for (int bit = 0; bit < 8; ++bit) {
        Bytes flipped = packet;
        flipped[at] ^= static_cast<uint8_t>(1 << bit);
        if (at >= 1 && at < 5) {
          EXPECT_FALSE(looks(flipped)) << at;
        } else {
          (void)looks(flipped);
        }
      }
    }
  }
}

}  // namespace
}  // namespace sluice::test
