// tests: the hellos of Google's own QUIC handshake.
#include "dataplane/extract/gquic.h"

#include <gtest/gtest.h>

#include "dataplane/extract/quic.h"
#include "tests/support/feed.h"
#include "tests/support/hello.h"

namespace sluice::test {
namespace {

void append_le(Bytes& out, uint64_t value, size_t size) {
  for (size_t at = 0; at < size; ++at) out.push_back(static_cast<uint8_t>(value >> (8 * at)));
}

struct Value {
  std::string tag, text;
};

/// A hello with these values in their order.
Bytes make_hello(const std::vector<Value>& values) {
  Bytes out = to_bytes("CHLO");
  append_le(out, values.size(), 2);
  append_le(out, 0, 2);
  Bytes texts;
  for (const Value& value : values) {
    append(out, to_bytes(value.tag));
    append(texts, to_bytes(value.text));
    append_le(out, texts.size(), 4);
  }
  append(out, texts);
  return out;
}

Bytes named_hello(const std::string& name = "www.example.com") {
  return make_hello({{{"PAD\0", 4}, std::string(300, '-')}, {{"SNI\0", 4}, name}, {{"VER\0", 4}, "Q043"}});
}

/// FNV-1a of 128 bits, 12 bytes of it, digit by digit.
Bytes hash_of(const Bytes& text) {
  unsigned char state[16] = {0x8d, 0xc5, 0x95, 0x62, 0x75, 0x21, 0xb8, 0x62,
                             0x42, 0x01, 0xbb, 0x07, 0x2e, 0x27, 0x62, 0x6c};
  for (const uint8_t byte : text) {
    state[0] ^= byte;
    unsigned char product[16] = {};
    unsigned carry = 0;
    for (size_t at = 0; at < 16; ++at) {  // times 2^88 + 0x13b
      unsigned sum =
          carry + state[at] * 0x3bU + (at > 0 ? state[at - 1] : 0U) + (at >= 11 ? state[at - 11] : 0U);
      product[at] = static_cast<unsigned char>(sum);
      carry = sum >> 8;
    }
    std::memcpy(state, product, sizeof state);
  }
  return {state, state + 12};
}

uint32_t version_of(int number) {
  return 0x51303030U | static_cast<uint32_t>(number / 10) << 8 | static_cast<uint32_t>(number % 10);
}

/// A packet in clear.
Bytes make_packet(int number, const Bytes& frames) {
  Bytes header;
  if (number >= 44) {
    header = {0xc3};
    append(header, to_bytes("Q0" + std::to_string(number)));
    append(header, Bytes{0x50, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 1});
  } else {
    header = {0x0d, 1, 2, 3, 4, 5, 6, 7, 8};
    append(header, to_bytes("Q0" + std::to_string(number)));
    header.push_back(1);
  }
  Bytes plain = number < 34 ? Bytes{1} : Bytes{};
  append(plain, frames);
  if (plain.size() < 1100) plain.resize(1100);
  Bytes hashed = header;
  append(hashed, plain);
  if (number > 36) append(hashed, to_bytes("Client"));
  Bytes out = header;
  append(out, hash_of(hashed));
  append(out, plain);
  return out;
}

Bytes stream_frame(int number, const Bytes& data, uint8_t id = 1) {
  Bytes out = {0xa0, id};
  const auto high = static_cast<uint8_t>(data.size() >> 8), low = static_cast<uint8_t>(data.size());
  append(out, number < 39 ? Bytes{low, high} : Bytes{high, low});
  append(out, data);
  return out;
}

std::string read_packet(const Bytes& packet, int number) {
  const ExactCopy copy(packet);
  HostName host;
  const Extract result = read_google_packet(copy, version_of(number), host);
  return result == Extract::Name ? std::string(host.view()) : word_of(result);
}

std::string read_hello(const Bytes& bytes) {
  const ExactCopy copy(bytes);
  HostName host;
  size_t size = 0;
  const Extract result = read_google_hello(copy, host, size);
  return result == Extract::Name ? std::string(host.view()) + ' ' + std::to_string(size) : word_of(result);
}

TEST(GoogleHello, NameIsGivenWithTheHellosSize) {
  const Bytes hello = named_hello("WWW.Example.com");
  EXPECT_EQ(read_hello(hello), "www.example.com " + std::to_string(hello.size()));
  Bytes more = hello;
  append(more, hello);
  EXPECT_EQ(read_hello(more), "www.example.com " + std::to_string(hello.size()));
}

TEST(GoogleHello, EveryCutNeedsMore) {
  const Bytes hello = named_hello();
  for (size_t size = 0; size < hello.size(); ++size)
    EXPECT_EQ(read_hello(Bytes(hello.begin(), hello.begin() + static_cast<ptrdiff_t>(size))), "NeedMore")
        << size;
}

TEST(GoogleHello, WithoutNameIsNoName) {
  EXPECT_EQ(read_hello(make_hello({{"VER ", "x"}})), "NoName");
  EXPECT_EQ(read_hello(make_hello({})), "NoName");
  EXPECT_EQ(read_hello(named_hello("192.0.2.1")), "NoName");
}

TEST(GoogleHello, WhatDoesNotFitIsMalformed) {
  EXPECT_EQ(read_hello(to_bytes("SHLO....")), "Malformed");
  EXPECT_EQ(read_hello(named_hello("")), "Malformed");
  EXPECT_EQ(read_hello(named_hello("a b")), "Malformed");
  EXPECT_EQ(read_hello(make_hello({{{"SNI\0", 4}, "a.example"}, {{"SNI\0", 4}, "b.example"}})), "Malformed");
  Bytes backwards = make_hello({{"AAAA", "12"}, {"BBBB", ""}});
  backwards[8 + 8 + 4] = 1;  // the second value ends before the first
  EXPECT_EQ(read_hello(backwards), "Malformed");
  Bytes huge = make_hello({{"AAAA", ""}});
  huge[8 + 6] = 1;
  EXPECT_EQ(read_hello(huge), "Malformed");
  Bytes many = make_hello({});
  many[4] = 129;
  EXPECT_EQ(read_hello(many), "Malformed");
}

TEST(GooglePacket, HellosOfEveryVersionAreRead) {
  for (const int number : {25, 33, 34, 36, 37, 39, 43, 44, 46}) {
    const Bytes packet = make_packet(number, stream_frame(number, named_hello()));
    EXPECT_EQ(read_packet(packet, number), "www.example.com") << number;
    EXPECT_TRUE(looks_like_quic(packet)) << number;
    QuicPacket parsed;
    ASSERT_TRUE(QuicDatagram(packet).next(parsed));
    EXPECT_EQ(parsed.kind, QuicPacket::Kind::Google);
    EXPECT_EQ(parsed.version, version_of(number));
  }
}

TEST(GooglePacket, FramesBeforeTheHelloAreSkipped) {
  Bytes frames = {7, 0, 0x40, 1, 0, 0, 1, 0, 6, 1};  // PING, PADDING, ACK, STOP_WAITING
  append(frames, stream_frame(43, named_hello()));
  EXPECT_EQ(read_packet(make_packet(43, frames), 43), "www.example.com");
}

TEST(GooglePacket, OnlyWhatIsInClearIsJudgedByIt) {
  Bytes packet = make_packet(43, {7});
  EXPECT_EQ(read_packet(packet, 43), "Complete");
  packet.back() ^= 1;
  EXPECT_EQ(read_packet(packet, 43), "NotMine");  // no hash fits: it is encrypted
  // A hello is one whatever its hash.
  packet = make_packet(43, stream_frame(43, named_hello()));
  packet[14] ^= 1;
  EXPECT_EQ(read_packet(packet, 43), "www.example.com");
}

TEST(GooglePacket, WhatIsInClearAndNoWholeHelloIsMalformed) {
  Bytes half = named_hello();
  half.resize(half.size() / 2);
  EXPECT_EQ(read_packet(make_packet(43, stream_frame(43, half)), 43), "Malformed");
  EXPECT_EQ(read_packet(make_packet(43, stream_frame(43, named_hello(), 3)), 43), "Malformed");
  Bytes twice = stream_frame(43, named_hello());
  append(twice, stream_frame(43, named_hello()));
  EXPECT_EQ(read_packet(make_packet(43, twice), 43), "Malformed");
  EXPECT_EQ(read_packet(make_packet(43, {1}), 43), "Malformed");
  EXPECT_EQ(read_packet(Bytes(20), 43), "Malformed");
  EXPECT_EQ(read_packet({0xc3, 'Q', '0', '4', '6'}, 46), "Malformed");
}

}  // namespace
}  // namespace sluice::test
