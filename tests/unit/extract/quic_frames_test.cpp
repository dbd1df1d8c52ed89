// tests: QuicDatagram and QuicFrames.
#include <gtest/gtest.h>

#include <random>

#include "dataplane/extract/quic.h"
#include "tests/support/feed.h"
#include "tests/support/hello.h"
#include "tests/support/quic.h"

namespace sluice::test {
namespace {

using Kind = QuicPacket::Kind;

std::vector<QuicPacket> packets_of(std::span<const uint8_t> datagram) {
  std::vector<QuicPacket> out;
  QuicDatagram walk(datagram);
  QuicPacket packet;
  while (walk.next(packet)) out.push_back(packet);
  return out;
}

/// "offset+size" of each CRYPTO piece, then how the walk ended.
std::string frames_of(const Bytes& frames, QuicScheme scheme = QuicScheme::V1) {
  const ExactCopy copy(frames);
  QuicFrames walk(copy, scheme);
  std::string out;
  for (;;) {
    QuicCrypto piece;
    const Extract result = walk.next(piece);
    if (result != Extract::NeedMore) return out + word_of(result);
    out += std::to_string(piece.offset) + '+' + std::to_string(piece.bytes.size()) + ' ';
  }
}

Bytes joined(std::initializer_list<Bytes> parts) {
  Bytes out;
  for (const Bytes& part : parts) append(out, part);
  return out;
}

TEST(QuicDatagram, CoalescedPacketsAreToldApart) {
  for (const uint32_t version : {kQuicV1, kQuicV2}) {
    const QuicClient client{.version = version, .token = {9, 9}};
    const Bytes initial = quic_initial(client, quic_ack(0), 1, 0);
    const Bytes handshake = quic_noise(QuicType::Handshake, version, client.id, client.source, 70);
    const Bytes early = quic_noise(QuicType::ZeroRtt, version, client.id, client.source, 40);
    const Bytes datagram = joined({initial, early, handshake, quic_short(client.id)});
    const auto packets = packets_of(datagram);
    ASSERT_EQ(packets.size(), 4U);
    EXPECT_EQ(packets[0].kind, Kind::Initial);
    EXPECT_EQ(packets[1].kind, Kind::ZeroRtt);
    EXPECT_EQ(packets[2].kind, Kind::Handshake);
    EXPECT_EQ(packets[3].kind, Kind::Short);
    EXPECT_EQ(packets[0].bytes.size(), initial.size());
    EXPECT_EQ(packets[2].bytes.size(), handshake.size());
    EXPECT_TRUE(std::ranges::equal(packets[2].destination, client.id));
    EXPECT_TRUE(std::ranges::equal(packets[2].source, client.source));
    EXPECT_EQ(packets[2].version, version);
  }
}

TEST(QuicDatagram, PacketsOfServersAreKnown) {
  EXPECT_EQ(packets_of(quic_retry(kQuicV1, {1}, {2}, {3}))[0].kind, Kind::Retry);
  EXPECT_EQ(packets_of(quic_retry(kQuicV2, {1}, {2}, {3}))[0].kind, Kind::Retry);
  const Bytes versions = quic_version_negotiation({1}, {2, 2}, {kQuicV1, kQuicV2});
  ASSERT_EQ(packets_of(versions).size(), 1U);
  EXPECT_EQ(packets_of(versions)[0].kind, Kind::VersionNegotiation);
  EXPECT_EQ(packets_of(versions)[0].source.size(), 2U);
}

TEST(QuicDatagram, WhatDoesNotFitIsUnreadable) {
  const Bytes handshake = quic_noise(QuicType::Handshake, kQuicV1, {1, 2, 3}, {4}, 40);
  for (size_t size = 1; size < handshake.size(); ++size)
    EXPECT_EQ(packets_of(part_of(handshake, 0, size))[0].kind, Kind::Unreadable) << size;
  EXPECT_EQ(packets_of(quic_noise(QuicType::Handshake, kQuicV1, {1}, {4}, 19))[0].kind, Kind::Unreadable);
  EXPECT_EQ(packets_of(quic_noise(QuicType::Initial, 2, {1}, {4}, 40))[0].kind, Kind::Unreadable);
  EXPECT_EQ(packets_of(quic_noise(QuicType::Initial, kQuicV1, Bytes(21), {4}, 40))[0].kind, Kind::Unreadable);
  EXPECT_TRUE(packets_of({}).empty());
}

TEST(QuicFrames, CryptoPiecesAreGivenBetweenOthers) {
  EXPECT_EQ(frames_of(joined({quic_crypto(70000, Bytes(3)),
                              {0, 0, 1},
                              quic_crypto(0, Bytes(100)),
                              quic_ack(5),
                              {1},
                              quic_close(),
                              quic_crypto(9, {}),
                              {0}})),
            "70000+3 0+100 9+0 Complete");
  EXPECT_EQ(frames_of({}), "Complete");
  EXPECT_EQ(frames_of({3, 1, 0, 1, 0, 0, 0, 7, 8, 9, 1}), "Complete");  // ACK with ECN counts
}

TEST(QuicFrames, OtherFramesAreMalformed) {
  for (int type = 4; type < 256; ++type) {
    if (type == 6 || type == 0x1c) continue;
    EXPECT_EQ(frames_of(Bytes{static_cast<uint8_t>(type), 0, 0, 0, 0}), "Malformed") << type;
  }
}

TEST(QuicFrames, EveryCutOfAFrameIsMalformed) {
  for (const Bytes& frame : {quic_crypto(70000, Bytes(9, 1)), quic_ack(70000), quic_close()}) {
    for (size_t size = 1; size < frame.size(); ++size)
      EXPECT_EQ(frames_of(part_of(frame, 0, size)), "Malformed");
  }
}

TEST(QuicFrames, LiesAboutNumbersAreMalformed) {
  const Bytes huge = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
  EXPECT_EQ(frames_of(joined({{2, 1, 0}, huge, {0}, Bytes(50)})), "Malformed");
  EXPECT_EQ(frames_of(joined({{6, 0}, huge, Bytes(50)})), "Malformed");
  EXPECT_EQ(frames_of(joined({{6}, huge, {1, 1}})), "Malformed");
  EXPECT_EQ(frames_of(quic_crypto(kMaxQuicCrypto - 4, Bytes(4))),
            std::to_string(kMaxQuicCrypto - 4) + "+4 Complete");
  EXPECT_EQ(frames_of(quic_crypto(kMaxQuicCrypto - 4, Bytes(5))), "Malformed");
}

TEST(QuicFrames, GoogleFramesAreReadTheirWay) {
  const Bytes crypto = {8, 0, 3, 'a', 'b', 'c'};
  EXPECT_EQ(frames_of(crypto, QuicScheme::Q050), "0+3 Complete");
  // ACK: largest in 2 bytes, delay; 1 more block of 1 byte; 2 times of receipt. PING, PADDING,
  // CONNECTION_CLOSE.
  EXPECT_EQ(frames_of(joined({{0x64, 1, 2, 0, 0, 1, 5, 9, 5, 2, 1, 0, 0, 0, 0, 1, 0, 0},
                              {7, 0},
                              crypto,
                              {2, 0, 0, 0, 1, 0, 2, 'n', 'o'}}),
                      QuicScheme::T051),
            "0+3 Complete");
  EXPECT_EQ(frames_of({6, 0, 1, 1}, QuicScheme::Q050), "Malformed");
  EXPECT_EQ(frames_of({8, 0, 1, 1}), "Malformed");
}

TEST(QuicFrames, RandomBytesNeverOverrun) {
  std::mt19937 random(3);
  for (int round = 0; round < 100000; ++round) {
    Bytes frames(random() % 40);
    for (uint8_t& byte : frames) byte = static_cast<uint8_t>(random() % 3 ? random() % 9 : random());
    (void)frames_of(frames, round % 2 ? QuicScheme::V1 : QuicScheme::Q050);
  }
}

}  // namespace
}  // namespace sluice::test
