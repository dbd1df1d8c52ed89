// tests: TlsHello.
#include "dataplane/extract/tls.h"

#include <gtest/gtest.h>

#include <random>

#include "tests/support/feed.h"
#include "tests/support/hello.h"

namespace sluice::test {
namespace {

std::string read(std::span<const uint8_t> bytes) {
  return to_string(feed_whole<TlsHello>(bytes));
}

std::string read_extensions(const Bytes& extensions) {
  return read(as_records(make_hello_of(&extensions)));
}

/// The stream gives the same events however it is cut.
void expect_same_at_every_cut(std::span<const uint8_t> bytes) {
  const auto whole = feed_whole<TlsHello>(bytes);
  for (size_t cut = 1; cut < bytes.size(); ++cut) ASSERT_EQ(feed_cut<TlsHello>(bytes, cut), whole) << cut;
  for (size_t size : {1, 2, 3, 7, 64}) ASSERT_EQ(feed_by<TlsHello>(bytes, size), whole) << size;
}

TEST(TlsHello, NameIsGivenThenComplete) {
  EXPECT_EQ(read(as_records(make_client_hello("WWW.Example.com"))), "www.example.com Complete");
}

TEST(TlsHello, NameIsGivenAtItsLastByte) {
  const Bytes stream = as_records(make_client_hello("www.example.com"));
  const auto events = feed_whole<TlsHello>(stream);
  ASSERT_EQ(events.size(), 2u);
  const std::string text(stream.begin(), stream.begin() + static_cast<ptrdiff_t>(events[0].offset));
  EXPECT_TRUE(text.ends_with("www.example.com"));
}

TEST(TlsHello, AnyCutGivesTheSame) {
  expect_same_at_every_cut(as_records(make_client_hello("www.example.com")));
  expect_same_at_every_cut(as_records(make_client_hello("www.example.com", {}, 1216), 700));
  expect_same_at_every_cut(as_records(make_client_hello("")));
}

TEST(TlsHello, AnyRecordSizeGivesTheName) {
  const Bytes hello = make_client_hello("www.example.com", {}, 1216);
  for (size_t size = 1; size < 300; ++size) {
    EXPECT_EQ(read(as_records(hello, size)), "www.example.com Complete") << size;
    EXPECT_EQ(to_string(feed_by<TlsHello>(as_records(hello, size), 1)), "www.example.com Complete") << size;
  }
}

TEST(TlsHello, HandshakeWithoutRecordsGivesTheSame) {
  const Bytes extensions = make_server_name({{"a.example"}, {"b.example"}});
  for (const Bytes& hello : {make_client_hello("www.example.com", {}, 1216), make_client_hello(""),
                             make_hello_of(&extensions), make_handshake(2, Bytes(100))}) {
    for (size_t size : {hello.size(), size_t{1}, size_t{7}, size_t{100}}) {
      TlsHello reader = TlsHello::of_handshake();
      const auto events = feed_pieces(reader, hello, [size](size_t left) { return std::min(size, left); });
      EXPECT_EQ(to_string(events), read(as_records(hello))) << size;
    }
  }
  TlsHello reader = TlsHello::of_handshake();
  size_t consumed;
  EXPECT_EQ(reader.feed(as_records(make_client_hello("a.example")), consumed), Extract::Malformed);
}

TEST(TlsHello, EveryPrefixNeedsMore) {
  const Bytes stream = as_records(make_client_hello(""));
  for (size_t size = 0; size < stream.size(); ++size) {
    EXPECT_EQ(read(std::span(stream).first(size)), "") << size;
  }
}

TEST(TlsHello, NameAtTheVeryEndCompletesOnTheNextCall) {
  const Bytes extensions = make_server_name({{"a.example"}});
  const Bytes stream = as_records(make_hello_of(&extensions));
  TlsHello reader{};
  size_t consumed;
  ASSERT_EQ(reader.feed(stream, consumed), Extract::Name);
  EXPECT_EQ(consumed, stream.size());
  EXPECT_EQ(reader.feed({}, consumed), Extract::Complete);
  EXPECT_EQ(reader.feed(stream, consumed), Extract::Complete);
}

TEST(TlsHello, WithoutExtensionsHasNoName) {
  EXPECT_EQ(read(as_records(make_hello_of(nullptr, 0x0300))), "NoName Complete");
  EXPECT_EQ(read_extensions({}), "NoName Complete");
  EXPECT_EQ(read(as_records(make_client_hello(""))), "NoName Complete");
}

TEST(TlsHello, EveryNameIsGiven) {
  Bytes extensions = make_server_name({{"a.example"}, {"x", 7}, {"b.example"}});
  EXPECT_EQ(read_extensions(extensions), "a.example b.example Complete");
  append(extensions, make_server_name({{"c.example"}}));
  EXPECT_EQ(read_extensions(extensions), "a.example b.example c.example Complete");
  expect_same_at_every_cut(as_records(make_hello_of(&extensions), 11));
}

TEST(TlsHello, OtherNameTypesAreNoNames) {
  EXPECT_EQ(read_extensions(make_server_name({{"a.example", 1}})), "NoName Complete");
}

TEST(TlsHello, WhatIsNoHostNameIsMalformed) {
  for (const char* name : {"1.2.3.4", "::1", "[::1]", "a b", "a..b", ".", "0x7f.1", "\xc3\xa9.example"}) {
    EXPECT_EQ(read_extensions(make_server_name({{name}})), "Malformed") << name;
  }
  EXPECT_EQ(read_extensions(make_server_name({{std::string("a\0.example", 10)}})), "Malformed");
  EXPECT_EQ(read_extensions(make_server_name({{std::string(254, 'a')}})), "Malformed");
  EXPECT_EQ(read_extensions(make_server_name({{std::string(2000, 'a')}})), "Malformed");
  EXPECT_EQ(read_extensions(make_server_name({{""}})), "Malformed");
  EXPECT_EQ(read_extensions(make_server_name({})), "Malformed");
  EXPECT_EQ(read_extensions(make_server_name({{std::string(253, 'a') + '.'}})),
            std::string(253, 'a') + " Complete");
}

TEST(TlsHello, EchIsKnownAtTheEnd) {
  for (const bool ech : {false, true}) {
    const Bytes extra = ech ? make_extension(0xfe0d, Bytes(200, 0)) : Bytes{};
    TlsHello reader{};
    size_t consumed;
    const Bytes stream = as_records(make_client_hello("a.example", extra));
    ASSERT_EQ(reader.feed(stream, consumed), Extract::Name);
    EXPECT_FALSE(reader.has_ech());
    ASSERT_EQ(reader.feed(std::span(stream).subspan(consumed), consumed), Extract::Complete);
    EXPECT_EQ(reader.has_ech(), ech);
  }
}

TEST(TlsHello, WhatServersSkipBeforeAHelloIsSkipped) {
  const Bytes hello = as_records(make_client_hello("a.example"));
  const Bytes change = make_record(20, Bytes{1}), warning = make_record(21, Bytes{1, 90}),
              empty = make_record(22, {});
  for (const Bytes& before : {change, warning, empty}) {
    Bytes stream = before;
    append(stream, hello);
    EXPECT_EQ(read(stream), "a.example Complete");
    expect_same_at_every_cut(stream);
    Bytes many;
    for (int i = 0; i < kMaxIdleRecords; ++i) append(many, before);
    stream = many;
    append(stream, hello);
    EXPECT_EQ(read(stream), "a.example Complete");
    append(many, before);
    EXPECT_EQ(read(many), "Malformed");
  }
}

TEST(TlsHello, EmptyRecordsInsideAreSkippedToTheBound) {
  const Bytes hello = make_client_hello("a.example");
  for (const int empties : {1, int{kMaxIdleRecords}, kMaxIdleRecords + 1}) {
    Bytes stream = as_records(std::span(hello).first(80));
    for (int i = 0; i < empties; ++i) append(stream, make_record(22, {}));
    append(stream, as_records(std::span(hello).subspan(80)));
    EXPECT_EQ(read(stream), empties > kMaxIdleRecords ? "Malformed" : "a.example Complete");
  }
}

TEST(TlsHello, OtherRecordsAreMalformed) {
  const Bytes hello = make_client_hello("a.example");
  const Bytes start = as_records(std::span(hello).first(60));
  for (const Bytes& inside :
       {make_record(20, Bytes{1}), make_record(21, Bytes{1, 0}), make_record(23, Bytes{0}),
        make_record(22, Bytes(1), 0x0201), make_record(22, Bytes((1 << 14) + 1))}) {
    Bytes stream = start;
    append(stream, inside);
    EXPECT_EQ(read(stream), "Malformed");
  }
  EXPECT_EQ(read(make_record(21, Bytes{2, 40})), "Malformed");  // fatal
  EXPECT_EQ(read(make_record(21, Bytes{1})), "Malformed");
  EXPECT_EQ(read(make_record(20, Bytes{2})), "Malformed");
  EXPECT_EQ(read(make_record(20, Bytes{1, 1})), "Malformed");
  EXPECT_EQ(read(as_records(make_handshake(2, Bytes(100)))), "Malformed");  // no ClientHello
}

TEST(TlsHello, OtherProtocolsAreNotMine) {
  for (const char* text :
       {"GET / HTTP/1.1\r\n", "\x17\x03\x03", "\x16\x02\x01", "SSH-2.0-x", "\x80\x2e\x01\x03\x01"}) {
    EXPECT_EQ(read(to_bytes(text)), "NotMine") << text;
    EXPECT_EQ(to_string(feed_by<TlsHello>(to_bytes(text), 1)), "NotMine") << text;
  }
}

TEST(TlsHello, LongestHelloIsRead) {
  const Bytes hello = make_client_hello("");
  const Bytes fits = make_client_hello("", make_extension(21, Bytes(60000)), 32);
  EXPECT_EQ(read(as_records(fits)), "NoName Complete");
  for (const uint8_t high : {uint8_t{1}, uint8_t{0xff}}) {
    Bytes longer = hello;
    longer[1] = high;
    EXPECT_EQ(read(as_records(longer)), "Malformed");
  }
}

/// Each length field with values that do not fit what encloses it.
TEST(TlsHello, LengthBeyondItsEnclosingLengthIsMalformed) {
  const Bytes extensions = make_server_name({{"a.example"}});
  const Bytes hello = make_hello_of(&extensions);
  struct Length {
    size_t offset, size;
  };
  // Session, cipher suites, compression, extensions, the extension, the list, the name.
  const Length lengths[] = {{38, 1}, {71, 2}, {81, 1}, {83, 2}, {87, 2}, {89, 2}, {92, 2}};
  for (const Length& length : lengths) {
    for (const int change : {-1, 1, 2, 200}) {
      Bytes wrong = hello;
      const size_t last = length.offset + length.size - 1;
      wrong[last] = static_cast<uint8_t>(wrong[last] + change);
      EXPECT_TRUE(read(as_records(wrong)).ends_with("Malformed")) << length.offset << ' ' << change;
    }
    for (const uint8_t value : {uint8_t{0}, uint8_t{1}, uint8_t{0xff}}) {
      Bytes wrong = hello;
      std::fill_n(wrong.begin() + static_cast<ptrdiff_t>(length.offset), length.size, value);
      if (wrong == hello) continue;
      EXPECT_TRUE(read(as_records(wrong)).ends_with("Malformed")) << length.offset << ' ' << int{value};
    }
  }
}

TEST(TlsHello, NameOfAnotherTypeBeyondTheListIsMalformed) {
  Bytes extensions = make_server_name({{"a.example", 1}});
  ++extensions[8];
  append(extensions, make_extension(21, Bytes(9)));
  EXPECT_EQ(read_extensions(extensions), "Malformed");
}

TEST(TlsHello, HalfACipherSuiteIsMalformed) {
  const Bytes extensions = make_server_name({{"a.example"}});
  Bytes hello = make_hello_of(&extensions);
  hello[72] = 7;  // the eighth byte becomes the size of the compression methods,
  hello[80] = 1;  // of which the ninth is then the one
  hello.erase(hello.begin() + 81);
  --hello[3];
  EXPECT_EQ(read(as_records(hello)), "Malformed");
  hello[72] = 6;  // the same with a whole number of suites is well-formed
  hello[79] = 1;
  hello.erase(hello.begin() + 80);
  --hello[3];
  EXPECT_EQ(read(as_records(hello)), "a.example Complete");
}

TEST(TlsHello, EveryBitFlippedGivesTheSameInPieces) {
  const Bytes extensions = make_server_name({{"a.example"}, {"b.example"}});
  const Bytes stream = as_records(make_hello_of(&extensions), 50);
  for (size_t at = 0; at < stream.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      Bytes flipped = stream;
      flipped[at] ^= static_cast<uint8_t>(1 << bit);
      ASSERT_EQ(feed_by<TlsHello>(flipped, 1), feed_whole<TlsHello>(flipped)) << at << ' ' << bit;
    }
  }
}

TEST(TlsHello, RandomDamageGivesTheSameInPieces) {
  std::mt19937 random(7);
  const Bytes stream = as_records(make_client_hello("a.example", make_server_name({{"b.example"}}), 200), 90);
  for (int round = 0; round < 20000; ++round) {
    Bytes damaged = stream;
    for (unsigned i = 0; i < 1 + round % 4u; ++i)
      damaged[random() % damaged.size()] = static_cast<uint8_t>(random());
    TlsHello reader{};
    const auto pieces =
        feed_pieces(reader, damaged, [&](size_t left) { return std::min<size_t>(left, 1 + random() % 99); });
    ASSERT_EQ(pieces, feed_whole<TlsHello>(damaged)) << round;
  }
}

}  // namespace
}  // namespace sluice::test
