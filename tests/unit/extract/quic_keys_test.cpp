// tests: QuicOpener, held against the RFCs' vectors and against packets sealed by OpenSSL.
#include "dataplane/extract/quic_keys.h"

#include <gtest/gtest.h>
#include <intel-ipsec-mb.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <random>

#include "tests/support/feed.h"
#include "tests/support/hello.h"
#include "tests/support/quic.h"

namespace sluice::test {
namespace {

std::string hex(std::span<const uint8_t> bytes) {
  std::string out;
  for (const uint8_t byte : bytes) {
    char text[3];
    std::snprintf(text, sizeof text, "%02x", byte);
    out += text;
  }
  return out;
}

const QuicOpener& opener() {
  static QuicOpener made;
  static const bool ready = made.create();
  EXPECT_TRUE(ready);
  return made;
}

/// The frames of the datagram's first packet; empty where it does not open.
Bytes open_with(const QuicKeys& keys, const Bytes& datagram, int64_t& largest) {
  static QuicOpener made;
  static const bool ready = made.create();
  EXPECT_TRUE(ready);
  const ExactCopy copy(datagram);
  QuicPacket packet;
  QuicDatagram packets(copy);
  std::span<const uint8_t> frames;
  if (!packets.next(packet) || packet.kind != QuicPacket::Kind::Initial) return {};
  if (!made.unseal(keys, packet, largest, frames)) return {};
  return {frames.begin(), frames.end()};
}

Bytes open_own(const QuicClient& client, const Bytes& datagram) {
  int64_t largest = -1;
  return open_with(opener().keys_of(scheme_of(client.version), client.id), datagram, largest);
}

const Bytes kRfcId = {0x83, 0x94, 0xc8, 0xf0, 0x3e, 0x51, 0x57, 0x08};

/// RFC 9001 A.2: the CRYPTO frame of both RFCs' client Initials.
Bytes rfc_frames() {
  constexpr std::string_view kText =
      "060040f1010000ed0303ebf8fa56f12939b9584a3896472ec40bb863cfd3e868"
      "04fe3a47f06a2b69484c00000413011302010000c000000010000e00000b6578"
      "616d706c652e636f6dff01000100000a00080006001d00170018001000070005"
      "04616c706e000500050100000000003300260024001d00209370b2c9caa47fba"
      "baf4559fedba753de171fa71f50f1ce15d43e994ec74d748002b000302030400"
      "0d0010000e0403050306030203080408050806002d00020101001c0002400100"
      "3900320408ffffffffffffffff05048000ffff07048000ffff08011001048000"
      "75300901100f088394c8f03e51570806048000ffff";
  Bytes out;
  for (size_t at = 0; at < kText.size(); at += 2)
    out.push_back(static_cast<uint8_t>(std::stoul(std::string(kText.substr(at, 2)), nullptr, 16)));
  return out;
}

TEST(MissingInstructions, TheFirstOneIsNamed) {
  EXPECT_EQ(missing_instructions(), nullptr) << "the tests could not run";
  const uint64_t all = imb_get_feature_flags();
  EXPECT_STREQ(missing_instructions(all & ~IMB_FEATURE_AESNI), "aes");
  EXPECT_STREQ(missing_instructions(all & ~IMB_FEATURE_PCLMULQDQ), "pclmulqdq");
  EXPECT_STREQ(missing_instructions(0), "sse4_2");
}

TEST(QuicOpener, KeysOfVersion1AreThoseOfRfc9001) {
  const QuicKeys keys = opener().keys_of(QuicScheme::V1, kRfcId);
  EXPECT_EQ(hex(keys.key), "1f369613dd76d5467730efcbe3b1a22d");
  EXPECT_EQ(hex(keys.iv), "fa044b2f42a3fd3b46fb255c");
  EXPECT_EQ(hex(keys.header_key), "9f50449e04a0e810283a1e9933adedd2");
}

TEST(QuicOpener, KeysOfVersion2AreThoseOfRfc9369) {
  const QuicKeys keys = opener().keys_of(QuicScheme::V2, kRfcId);
  EXPECT_EQ(hex(keys.key), "8b1a0bc121284290a29e0971b5cd045d");
  EXPECT_EQ(hex(keys.iv), "91f73e2351d8fa91660e909f");
  EXPECT_EQ(hex(keys.header_key), "45b95e15235d6f45a6b19cbcb0294ba9");
}

TEST(QuicOpener, InitialsOfTheRfcsOpen) {
  const QuicClient v1{.version = kQuicV1, .id = kRfcId, .source = {}, .keys_from = {}, .token = {}};
  const Bytes sealed = quic_initial(v1, rfc_frames(), 2, 1200, 4);
  // RFC 9001 A.2: the packet's first bytes and its tag.
  EXPECT_EQ(hex(std::span(sealed).first(32)),
            "c000000001088394c8f03e5157080000449e7b9aec34d1b1c98dd7689fb8ec11");
  EXPECT_EQ(hex(std::span(sealed).last(16)), "e221af44860018ab0856972e194cd934");
  const Bytes frames = open_own(v1, sealed);
  ASSERT_EQ(frames.size(), 1162U);
  EXPECT_TRUE(std::ranges::equal(rfc_frames(), std::span(frames).first(245)));

  const QuicClient v2{.version = kQuicV2, .id = kRfcId, .source = {}, .keys_from = {}, .token = {}};
  const Bytes second = quic_initial(v2, rfc_frames(), 2, 1200, 4);
  // RFC 9369 A.2.
  EXPECT_EQ(hex(std::span(second).first(32)),
            "d76b3343cf088394c8f03e5157080000449ea0c95e82ffe67b6abcdb4298b485");
  EXPECT_EQ(open_own(v2, second), frames);
}

TEST(QuicOpener, EveryLayoutOfTheHeaderOpens) {
  for (const uint32_t version : {kQuicV1, kQuicV2, kQuicDraft29, 0xff000017U, 0xff00001cU, 0xff000022U}) {
    for (const size_t id : {0, 1, 8, 20}) {
      for (const size_t token : {0, 5, 300}) {
        for (const size_t number_size : {1, 2, 3, 4}) {
          const QuicClient client{.version = version,
                                  .id = Bytes(id, 0x31),
                                  .source = Bytes(id / 2, 0x32),
                                  .keys_from = {},
                                  .token = Bytes(token, 0x33)};
          const Bytes frames = quic_crypto(0, to_bytes("hello"));
          const Bytes opened = open_own(client, quic_initial(client, frames, 7, 0, number_size));
          ASSERT_GE(opened.size(), frames.size());
          ASSERT_TRUE(std::equal(frames.begin(), frames.end(), opened.begin()));
        }
      }
    }
  }
}

TEST(QuicOpener, ShortestPacketsOpen) {
  const QuicClient client;
  for (const size_t number_size : {1, 2, 3, 4}) {
    const Bytes opened = open_own(client, quic_initial(client, {1}, 0, 0, number_size));
    EXPECT_EQ(opened.size(), std::max<size_t>(1, 4 - number_size));
  }
}

TEST(QuicOpener, PacketNumbersAreCompletedFromTheLargest) {
  const QuicClient client;
  const QuicKeys keys = opener().keys_of(QuicScheme::V1, client.id);
  struct {
    int64_t largest;
    uint64_t number;
    size_t size;
    bool opens;
  } const kCases[] = {
      {-1, 0, 1, true},           {-1, 127, 1, true},
      {-1, 200, 1, true},         {-1, 300, 1, false},
      {290, 300, 1, true},        {250, 260, 1, true},
      {300, 250, 1, true},        {0xa82f30ea, 0xa82f9b32, 2, true},
      {0xffff, 0x10000, 1, true}, {1000, 20, 1, false},
      {1000, 20, 2, true},
  };
  for (const auto& one : kCases) {
    int64_t largest = one.largest;
    const Bytes datagram = quic_initial(client, quic_crypto(0, {1, 2, 3}), one.number, 0, one.size);
    EXPECT_EQ(!open_with(keys, datagram, largest).empty(), one.opens) << one.largest << ' ' << one.number;
    const int64_t expected =
        one.opens ? std::max<int64_t>(one.largest, static_cast<int64_t>(one.number)) : one.largest;
    EXPECT_EQ(largest, expected);
  }
}

TEST(QuicOpener, OtherKeysOpenNothing) {
  const QuicClient client;
  const Bytes datagram = quic_initial(client, quic_crypto(0, {1, 2, 3}));
  int64_t largest = -1;
  for (const QuicScheme scheme : {QuicScheme::V2, QuicScheme::Draft29, QuicScheme::Q050})
    EXPECT_TRUE(open_with(opener().keys_of(scheme, client.id), datagram, largest).empty());
  EXPECT_TRUE(open_with(opener().keys_of(QuicScheme::V1, Bytes(8, 1)), datagram, largest).empty());
  EXPECT_EQ(largest, -1);
}

/// The cipher is not code that a sanitizer sees through.
TEST(QuicOpener, NothingBeyondThePacketIsRead) {
  const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  void* memory = mmap(nullptr, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(memory, MAP_FAILED);
  auto* end = static_cast<uint8_t*>(memory) + page;
  ASSERT_EQ(mprotect(end, page, PROT_NONE), 0);
  const QuicClient client;
  QuicOpener own;
  ASSERT_TRUE(own.create());
  for (size_t size = 0; size < 200; ++size) {
    const Bytes datagram = quic_initial(client, quic_crypto(0, Bytes(size, 7)), 0, 0, 1);
    std::memcpy(end - datagram.size(), datagram.data(), datagram.size());
    QuicPacket packet;
    ASSERT_TRUE(QuicDatagram({end - datagram.size(), datagram.size()}).next(packet));
    int64_t largest = -1;
    std::span<const uint8_t> frames;
    EXPECT_TRUE(own.unseal(own.keys_of(QuicScheme::V1, client.id), packet, largest, frames));
  }
  munmap(memory, 2 * page);
}

TEST(QuicOpener, EveryBitFlippedOpensNothing) {
  const QuicClient client{.version = kQuicV1, .token = {1, 2}};
  const Bytes datagram = quic_initial(client, quic_crypto(0, to_bytes("a short hello")), 0, 0);
  ASSERT_FALSE(open_own(client, datagram).empty());
  for (size_t at = 0; at < datagram.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      Bytes flipped = datagram;
      flipped[at] ^= static_cast<uint8_t>(1 << bit);
      ASSERT_TRUE(open_own(client, flipped).empty()) << at << ' ' << bit;
    }
  }
}

}  // namespace
}  // namespace sluice::test
