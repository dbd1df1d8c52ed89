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

/// What the reader says of a second flight behind a hello for first.example.
std::string read_behind(const Bytes& flight, const Bytes& extra = {}) {
  Bytes stream = as_records(make_client_hello("first.example", extra));
  append(stream, flight);
  expect_same_at_every_cut(stream);
  const std::string events = read(stream);
  EXPECT_TRUE(events.starts_with("first.example Complete")) << events;
  return events.substr(std::min(events.size(), std::string_view("first.example Complete ").size()));
}

Bytes joined(std::initializer_list<Bytes> parts) {
  Bytes out;
  for (const Bytes& part : parts) append(out, part);
  return out;
}

const Bytes kChange = make_record(20, Bytes{1});
const Bytes kSecond = as_records(make_client_hello("second.example"), 40);

/// RFC 8446 4.1.4 and D.4: a HelloRetryRequest is answered by another hello, perhaps behind a
/// change_cipher_spec.
TEST(TlsHello, SecondHelloIsRead) {
  EXPECT_EQ(read_behind(kSecond), "second.example Complete");
  EXPECT_EQ(read_behind(joined({kChange, kSecond})), "second.example Complete");
  EXPECT_EQ(read_behind(joined({make_record(21, Bytes{1, 90}), kSecond})), "second.example Complete");
  EXPECT_EQ(read_behind(as_records(make_client_hello(""))), "NoName Complete");
  EXPECT_EQ(read_behind(joined({kChange, kSecond, make_record(23, Bytes(50))})),
            "second.example Complete Done");
}

TEST(TlsHello, SecondHelloInTheFirstOnesRecordIsRead) {
  const Bytes hellos = joined({make_client_hello("first.example"), make_client_hello("second.example")});
  EXPECT_EQ(read(as_records(hellos)), "first.example Complete second.example Complete");
  TlsHello reader = TlsHello::of_handshake();
  EXPECT_EQ(to_string(feed_pieces(reader, hellos, [](size_t left) { return left; })),
            "first.example Complete second.example Complete");
}

TEST(TlsHello, WhatElseFollowsAHelloEndsIt) {
  for (const Bytes& flight :
       {joined({kChange, make_record(23, Bytes(50, 7))}), make_record(23, Bytes(50, 7)),
        make_record(22, make_handshake(16, Bytes(66))),  // ClientKeyExchange
        make_record(22, make_handshake(11, Bytes(3))),   // Certificate
        joined({kChange, make_record(22, Bytes(40))}),   // Finished, encrypted
        joined({kChange, make_record(22, Bytes{1, 2, 3, 0xff, 0, 9, 9, 9})}),
        joined({kChange, make_record(22, Bytes{1, 0, 0, 60, 0x5a, 3, 9, 9})}),  // by chance like a hello
        make_record(21, Bytes{2, 40}), make_record(21, Bytes(24)), make_record(22, Bytes((1 << 14) + 1)),
        to_bytes("GET / HTTP/1.1"), make_record(22, Bytes(9), 0x0201)}) {
    EXPECT_EQ(read_behind(flight), "Done");
  }
}

TEST(TlsHello, ABadSecondHelloIsMalformed) {
  Bytes bad = make_client_hello("second.example");
  bad[38] = 33;  // bytes of a session id
  EXPECT_EQ(read_behind(as_records(bad)), "Malformed");
  Bytes broken = as_records(std::span(kSecond).subspan(5, 30));
  append(broken, kChange);
  EXPECT_EQ(read_behind(broken), "Malformed");
  Bytes idle;
  for (int i = 0; i <= kMaxIdleRecords; ++i) append(idle, kChange);
  EXPECT_EQ(read_behind(idle), "Malformed");
}

/// RFC 8446 4.2.10: a server that asks for another hello skips the early data before it.
TEST(TlsHello, EarlyDataBeforeASecondHelloIsSkipped) {
  const Bytes early = make_extension(42, {});
  const Bytes data = make_record(23, Bytes(1000, 0x5a));
  EXPECT_EQ(read_behind(joined({data, data, kSecond}), early), "second.example Complete");
  EXPECT_EQ(read_behind(joined({kChange, data, kSecond, data}), early), "second.example Complete Done");
  EXPECT_EQ(read_behind(joined({make_record(23, Bytes((1 << 14) + 256)), kSecond}), early),
            "second.example Complete");
  EXPECT_EQ(read_behind(make_record(23, Bytes((1 << 14) + 257)), early), "Done");
  Bytes much;
  while (much.size() <= kMaxEarlyData) append(much, data);
  EXPECT_EQ(read_behind(much, early), "Done");
  much.resize(much.size() - data.size());
  EXPECT_EQ(read_behind(joined({much, kSecond}), early), "second.example Complete");
}

TEST(TlsHello, EarlyDataInsideASecondHelloIsMalformed) {
  Bytes flight(kSecond.begin(), kSecond.begin() + 45);
  append(flight, make_record(23, Bytes(9)));
  EXPECT_EQ(read_behind(flight, make_extension(42, {})), "Malformed");
}

/// RFC 5246 E.2: two bytes of length, the first with its top bit set; no extensions.
TEST(TlsHello, Sslv2FormHasNoName) {
  Bytes hello = {0x80, 0x2e, 1, 3, 1, 0, 21, 0, 0, 0, 16};
  hello.resize(2 + 0x2e, 0x16);
  EXPECT_EQ(read(hello), "NoName Complete Done");
  expect_same_at_every_cut(hello);
}

/// RFC 9147 5.3: a cookie between the session id and the cipher suites.
TEST(TlsHello, DtlsHelloHasACookie) {
  const Bytes extensions = make_server_name({{"a.example"}});
  for (const size_t cookie : {size_t{0}, size_t{32}, size_t{255}}) {
    Bytes hello = make_hello_of(&extensions, 0xfefd);
    Bytes field;
    append_sized(field, Bytes(cookie, 0x7f), 1);
    hello.insert(hello.begin() + 71, field.begin(), field.end());
    hello[2] = static_cast<uint8_t>((hello.size() - 4) >> 8);
    hello[3] = static_cast<uint8_t>(hello.size() - 4);
    for (const size_t size : {size_t{1}, hello.size()}) {
      TlsHello reader = TlsHello::of_dtls();
      const auto events = feed_pieces(reader, hello, [size](size_t left) { return std::min(size, left); });
      EXPECT_EQ(to_string(events), "a.example Complete");
    }
  }
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
  EXPECT_EQ(reader.feed({}, consumed), Extract::NeedMore);
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
  for (const char* name : {"a b", "a..b", ".", "a\tb", "\xc3\xa9.example"}) {
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

/// Servers compare bytes, without case; underscores, stars and the final dot are met in the field.
TEST(TlsHello, OddNamesAreGiven) {
  EXPECT_EQ(read_extensions(make_server_name({{"_dmarc.A_b.Example."}})), "_dmarc.a_b.example Complete");
  EXPECT_EQ(read_extensions(make_server_name({{"*.example"}})), "*.example Complete");
  EXPECT_EQ(read_extensions(make_server_name({{"XN--BCHER-KVA.example"}})), "xn--bcher-kva.example Complete");
  EXPECT_EQ(read_extensions(make_server_name({{"localhost"}})), "localhost Complete");
}

TEST(TlsHello, AnAddressIsNoName) {
  for (const char* name : {"1.2.3.4", "::1", "[::1]", "0x7f.1"}) {
    EXPECT_EQ(read_extensions(make_server_name({{name}})), "NoName Complete") << name;
    EXPECT_EQ(read_extensions(make_server_name({{name}, {"a.example"}})), "a.example Complete") << name;
  }
}

TEST(TlsHello, HiddenNamesAreKnownAtTheEnd) {
  for (const uint16_t type : {0xfe0d, 0xffce, 0xfe0c}) {
    const bool ech = type == 0xfe0d, esni = type == 0xffce;
    const Bytes extra = make_extension(type, Bytes(200, 0));
    TlsHello reader{};
    size_t consumed;
    const Bytes stream = as_records(make_client_hello("a.example", extra));
    ASSERT_EQ(reader.feed(stream, consumed), Extract::Name);
    EXPECT_FALSE(reader.has_ech() || reader.has_esni());
    ASSERT_EQ(reader.feed(std::span(stream).subspan(consumed), consumed), Extract::Complete);
    EXPECT_EQ(reader.has_ech(), ech);
    EXPECT_EQ(reader.has_esni(), esni);
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
  for (const char* text : {"GET / HTTP/1.1\r\n", "\x17\x03\x03", "\x16\x02\x01", "SSH-2.0-x"}) {
    EXPECT_EQ(read(to_bytes(text)), "NotMine") << text;
    EXPECT_EQ(to_string(feed_by<TlsHello>(to_bytes(text), 1)), "NotMine") << text;
  }
}

TEST(TlsHello, LongestHelloIsRead) {
  const Bytes hello = make_client_hello("");
  for (const size_t more : {size_t{17000}, size_t{60000}}) {
    const Bytes fits = make_client_hello("a.example", make_extension(21, Bytes(more)), 32);
    EXPECT_EQ(read(as_records(fits)), "a.example Complete");
    EXPECT_EQ(read(as_records(fits, 100)), "a.example Complete");
  }
  for (const uint8_t high : {uint8_t{3}, uint8_t{0xff}}) {
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
