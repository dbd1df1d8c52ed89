// tests: H2cRequests and the memory of its HPACK decoder.
#include "dataplane/extract/h2c.h"

#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <string>

#include "tests/support/feed.h"
#include "tests/support/h2.h"

namespace sluice::test {
namespace {

std::string read(const Bytes& stream) {
  return to_string(feed_whole<H2cConnection>(stream));
}

// RFC 7541 C.4.1: `:authority: www.example.com`, Huffman-coded, added to the table.
const Bytes kHuffmanAuthority = {0x41, 0x8c, 0xf1, 0xe3, 0xc2, 0xe5, 0xf2,
                                 0x3a, 0x6b, 0xa0, 0xab, 0x90, 0xf4, 0xff};
const Bytes kNoPath = {0x82, 0x86};
const Bytes kGet = h2_get("");

struct Case {
  const char* what;
  Bytes after_start;
  const char* events;
};

const std::vector<Case>& cases() {
  static const std::vector<Case> kCases = {
      {"nothing but SETTINGS", {}, ""},
      {"one request", h2_headers(1, h2_get("A.Example:8080")), "a.example"},
      {"two streams", h2_headers(1, h2_get("a.example")) + h2_headers(7, h2_get("b.example")),
       "a.example b.example"},
      {"Huffman, then by the dynamic table",
       h2_headers(1, kGet + kHuffmanAuthority) + h2_headers(3, kGet + h2_indexed(62)),
       "www.example.com www.example.com"},
      {"Host alone", h2_headers(1, kGet + h2_field("host", "a.example")), "a.example"},
      {"authority and the same Host", h2_headers(1, h2_get("a.example") + h2_field("host", "A.example")),
       "a.example"},
      {"Host before authority", h2_headers(1, kGet + h2_field("host", "a") + h2_field(":authority", "a")),
       "a"},
      {"authority and another Host", h2_headers(1, h2_get("a.example") + h2_field("host", "b.example")),
       "Malformed"},
      {"authority and an empty Host", h2_headers(1, h2_get("a.example") + h2_field("host", "")), "Malformed"},
      {"an empty authority and a Host",
       h2_headers(1, kGet + h2_field(":authority", "") + h2_field("host", "a")), "Malformed"},
      {"an empty authority and an empty Host",
       h2_headers(1, kGet + h2_field(":authority", "") + h2_field("host", "")), "NoName"},
      {"authority twice", h2_headers(1, h2_get("a") + h2_field(":authority", "a")), "Malformed"},
      {"Host twice", h2_headers(1, kGet + h2_field("host", "a") + h2_field("host", "a")), "Malformed"},
      {"Host in capitals", h2_headers(1, h2_get("a") + h2_field("HOST", "b")), "Malformed"},
      {"no authority", h2_headers(1, kGet), "NoName"},
      {"an empty header block", h2_headers(1, {}), "NoName"},
      {"an address", h2_headers(1, h2_get("192.0.2.1:80")) + h2_headers(3, h2_get("[::1]")), "NoName NoName"},
      {"userinfo", h2_headers(1, h2_get("u@a")), "Malformed"},
      {"a comma", h2_headers(1, h2_get("a,b")), "Malformed"},
      {"a space", h2_headers(1, h2_get("a ")), "Malformed"},
      {"an absolute path",
       h2_headers(1, kNoPath + h2_field(":path", "http://b/") + h2_field(":authority", "a")), "Malformed"},
      {"a path of *", h2_headers(1, kNoPath + h2_field(":path", "*") + h2_field(":authority", "a")), "a"},
      {"CONNECT", h2_headers(1, h2_field(":method", "CONNECT") + h2_field(":authority", "a.example:443")),
       "a.example"},
      {"extended CONNECT",
       h2_headers(1, h2_field(":method", "CONNECT") + h2_field(":protocol", "websocket") +
                         h2_field(":authority", "a.example") + h2_indexed(4)),
       "a.example"},
      {"padding", h2_headers(1, Bytes{3} + h2_get("a") + Bytes(3), kH2EndHeaders | kH2Padded), "a"},
      {"nothing but padding", h2_headers(1, Bytes{3} + Bytes(3), kH2EndHeaders | kH2Padded), "NoName"},
      {"padding beyond the frame", h2_headers(1, Bytes{4} + Bytes(3), kH2EndHeaders | kH2Padded),
       "Malformed"},
      {"no room for the padding's length", h2_headers(1, {}, kH2EndHeaders | kH2Padded), "Malformed"},
      {"priority", h2_headers(1, Bytes(5) + h2_get("a"), kH2EndHeaders | kH2HasPriority), "a"},
      {"priority cut off", h2_headers(1, Bytes(4), kH2EndHeaders | kH2HasPriority), "Malformed"},
      {"padding and priority",
       h2_headers(1, Bytes{2} + Bytes(5) + h2_get("a") + Bytes(2),
                  kH2EndHeaders | kH2Padded | kH2HasPriority),
       "a"},
      {"CONTINUATION",
       h2_headers(1, kGet, 0) + h2_frame(kH2Continuation, 0, 1, h2_field("x", "y")) +
           h2_frame(kH2Continuation, 0, 1, {}) +
           h2_frame(kH2Continuation, kH2EndHeaders, 1, h2_field(":authority", "a")),
       "a"},
      {"CONTINUATION inside a name",
       h2_headers(1, kGet + Bytes{0x41, 9, 'a', '.', 'e'}, 0) +
           h2_frame(kH2Continuation, kH2EndHeaders, 1, to_bytes("xample")),
       "a.example"},
      {"CONTINUATION behind padding",
       h2_headers(1, Bytes{2} + kGet + Bytes(2), kH2Padded) +
           h2_frame(kH2Continuation, kH2EndHeaders, 1, h2_field("host", "a")),
       "a"},
      {"CONTINUATION of nothing", h2_frame(kH2Continuation, kH2EndHeaders, 1, kGet), "Malformed"},
      {"CONTINUATION after the end", h2_headers(1, h2_get("a")) + h2_frame(kH2Continuation, 4, 1, {}),
       "a Malformed"},
      {"CONTINUATION of another stream", h2_headers(1, kGet, 0) + h2_frame(kH2Continuation, 4, 3, {}),
       "Malformed"},
      {"a header block interrupted", h2_headers(1, kGet, 0) + h2_frame(kH2Ping, 0, 0, Bytes(8)), "Malformed"},
      {"a header block interrupted by HEADERS", h2_headers(1, kGet, 0) + h2_headers(1, h2_get("a")),
       "Malformed"},
      {"a field cut by the block's end", h2_headers(1, kGet + Bytes{0x41, 9, 'a'}), "Malformed"},
      {"PUSH_PROMISE", h2_frame(kH2PushPromise, 4, 1, Bytes(4) + h2_get("a")), "Malformed"},
      {"stream 0", h2_headers(0, h2_get("a")), "Malformed"},
      {"an even stream", h2_headers(2, h2_get("a")), "Malformed"},
      {"a reserved bit", h2_headers(0x80000001, h2_get("a")), "a"},
      {"the same stream again", h2_headers(3, h2_get("a")) + h2_headers(3, h2_get("b")), "a Malformed"},
      {"an earlier stream", h2_headers(3, h2_get("a")) + h2_headers(1, h2_get("b")), "a Malformed"},
      {"trailers",
       h2_headers(1, h2_get("a"), kH2EndHeaders) + h2_headers(3, h2_get("b")) +
           h2_frame(kH2Data, 0, 1, Bytes(20)) + h2_headers(1, h2_field("host", "x")) +
           h2_headers(5, h2_get("c")),
       "a b c"},
      {"trailers change the table",
       h2_headers(1, h2_get("a"), kH2EndHeaders) + h2_headers(1, h2_remembered("host", "b.example")) +
           h2_headers(3, kGet + h2_indexed(62)),
       "a b.example"},
      {"frames of other types",
       h2_frame(kH2Priority, 0, 9, Bytes(5)) + h2_frame(0xfe, 0xff, 9, Bytes(300)) +
           h2_frame(kH2Data, kH2Padded, 1, Bytes(500, 0xff)) + h2_headers(1, h2_get("a")),
       "a"},
      {"an index without an entry", h2_headers(1, h2_indexed(62)), "Malformed"},
      {"index 0", h2_headers(1, h2_indexed(0)), "Malformed"},
      {"a table of the largest size", h2_headers(1, h2_number(0x20, 5, kMaxHpackTable) + h2_get("a")), "a"},
      {"a table beyond it", h2_headers(1, h2_number(0x20, 5, kMaxHpackTable + 1) + h2_get("a")), "Malformed"},
      {"a table emptied",
       h2_headers(1, kGet + kHuffmanAuthority) + h2_headers(3, h2_number(0x20, 5, 0) + kGet + h2_indexed(62)),
       "www.example.com Malformed"},
      {"a size change behind a field", h2_headers(1, kGet + h2_number(0x20, 5, 0)), "Malformed"},
      {"Huffman padding of zeros", h2_headers(1, Bytes{0x41, 0x81, 0x00}), "Malformed"},
  };
  return kCases;
}

TEST(H2cRequests, StreamsGiveTheirEventsAtEveryCut) {
  for (const Case& test : cases()) {
    const Bytes stream = h2_start() + test.after_start;
    const auto whole = feed_whole<H2cConnection>(stream);
    EXPECT_EQ(to_string(whole), test.events) << test.what;
    for (size_t cut = 1; cut < stream.size(); ++cut) {
      ASSERT_EQ(feed_cut<H2cConnection>(stream, cut), whole) << test.what << ", cut at " << cut;
    }
    for (size_t size : {1, 2, 5})
      ASSERT_EQ(feed_by<H2cConnection>(stream, size), whole) << test.what << " by " << size;
  }
}

TEST(H2cRequests, EveryBitFlippedGivesTheSameInPieces) {
  for (const Case& test : cases()) {
    const Bytes stream = h2_start() + test.after_start;
    for (size_t bit = 0; bit < 8 * stream.size(); ++bit) {
      Bytes flipped = stream;
      flipped[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
      ASSERT_EQ(feed_by<H2cConnection>(flipped, 1), feed_whole<H2cConnection>(flipped))
          << test.what << ", bit " << bit;
    }
  }
}

TEST(H2cRequests, WithoutPrefaceIsNotMine) {
  EXPECT_EQ(read(to_bytes("PRI * HTTP/2.0\r\n\r\nSM\r\n\r")), "");
  EXPECT_EQ(read(to_bytes("PRI * HTTP/2.0\r\n\r\nSM\r\n\rX")), "NotMine");
  EXPECT_EQ(read(h2_headers(1, h2_get("a"))), "NotMine");
}

TEST(H2cRequests, NameIsGivenBeforeThePadding) {
  const Bytes before = h2_start();
  const Bytes block = h2_get("a.example");
  const auto events = feed_whole<H2cConnection>(
      before + h2_headers(1, Bytes{200} + block + Bytes(200), kH2EndHeaders | kH2Padded));
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].offset, before.size() + 9 + 1 + block.size());
}

TEST(BeginsH2Settings, OnlyAServersFirstFrameDoes) {
  const Bytes setting = {0, 3, 0, 0, 0, 100};
  EXPECT_TRUE(begins_h2_settings(h2_frame(kH2Settings, 0, 0, {})));
  EXPECT_TRUE(begins_h2_settings(h2_frame(kH2Settings, 0, 0, setting + setting)));
  EXPECT_TRUE(begins_h2_settings(Bytes{0, 0, 18, kH2Settings, 0, 0, 0, 0, 0}));
  EXPECT_FALSE(begins_h2_settings(Bytes{0, 0, 18, kH2Settings, 0, 0, 0, 0}));
  EXPECT_FALSE(begins_h2_settings(h2_frame(kH2Settings, 1, 0, {})));
  EXPECT_FALSE(begins_h2_settings(h2_frame(kH2Settings, 0, 1, {})));
  EXPECT_FALSE(begins_h2_settings(h2_frame(kH2Settings, 0, 0, Bytes(5))));
  EXPECT_FALSE(begins_h2_settings(h2_frame(kH2Settings, 0, 0, Bytes(6000))));
  EXPECT_FALSE(begins_h2_settings(h2_frame(kH2Ping, 0, 0, Bytes(6))));
  EXPECT_FALSE(begins_h2_settings({}));
}

TEST(H2cRequests, MalformedStays) {
  H2cConnection connection;
  size_t consumed;
  EXPECT_EQ(connection.feed(h2_start() + h2_headers(2, {}), consumed), Extract::Malformed);
  EXPECT_EQ(connection.feed(h2_headers(3, h2_get("a")), consumed), Extract::Malformed);
}

TEST(H2cRequests, DataMayBeSkipped) {
  H2cConnection connection;
  H2cRequests& reader = connection.reader();
  size_t consumed;
  EXPECT_EQ(reader.feed(h2_start(), consumed), Extract::NeedMore);
  EXPECT_EQ(reader.skippable(), 0u);
  EXPECT_EQ(reader.feed(Bytes{0, 0x40, 0, kH2Data, 0, 0, 0, 0}, consumed), Extract::NeedMore);
  EXPECT_EQ(reader.skippable(), 0u);
  EXPECT_EQ(reader.feed(Bytes{1, 0xff, 0xff}, consumed), Extract::NeedMore);
  EXPECT_EQ(reader.skippable(), 0x4000u - 2);
  reader.skip(0x3000);
  EXPECT_EQ(reader.skippable(), 0x1000u - 2);
  reader.skip(0x1000 - 2);
  EXPECT_EQ(reader.skippable(), 0u);
  EXPECT_EQ(reader.feed(h2_headers(1, h2_get("a")), consumed), Extract::Name);
  EXPECT_EQ(reader.host().view(), "a");
}

TEST(H2cRequests, HeaderBlocksAreBounded) {
  const auto block_of = [](size_t size) {
    Bytes block = h2_get("a");
    while (size - block.size() > 16010) block = block + h2_field("x", std::string(16000, 'x'));
    const size_t left = size - block.size();
    return block + h2_field("y", std::string(left - 6, 'y'));
  };
  const Bytes largest = block_of(kMaxH2cBlock - 9);
  ASSERT_EQ(largest.size(), kMaxH2cBlock - 9);
  EXPECT_EQ(read(h2_start() + h2_headers(1, largest)), "a");
  EXPECT_EQ(read(h2_start() + h2_headers(1, block_of(kMaxH2cBlock - 8))), "Malformed");
  Bytes endless = h2_start() + h2_headers(1, {}, 0);
  for (size_t i = 0; i < kMaxH2cBlock / 9; ++i) append(endless, h2_frame(kH2Continuation, 0, 1, {}));
  EXPECT_EQ(read(endless), "Malformed");
  EXPECT_EQ(read(h2_start() + Bytes{0xff, 0xff, 0xff, kH2Headers, 0, 0, 0, 0, 1}), "Malformed");
}

TEST(H2cRequests, AFieldBeyondTheMemoryIsMalformed) {
  EXPECT_EQ(read(h2_start() + h2_headers(1, h2_get("a") + h2_field("x", std::string(48000, 'x')))), "a");
  // A Huffman-coded text of n bytes takes 2n (RFC 7541 5.2: its shortest code has five bits).
  const Bytes huge = Bytes{0x00} + h2_text("x") + h2_number(0x80, 7, 65000);
  EXPECT_EQ(read(h2_start() + h2_headers(1, h2_get("a") + huge)), "Malformed");
}

/// Entries of all sizes come and go; whatever is in the table is found at its place.
TEST(H2cRequests, ALongConnectionKeepsItsTable) {
  std::mt19937 random(5);
  H2cConnection connection;
  size_t consumed;
  ASSERT_EQ(connection.feed(h2_start(), consumed), Extract::NeedMore);
  std::vector<std::string> hosts;  // newest first
  std::string expected;
  for (uint32_t stream = 1; stream < 40000; stream += 2) {
    Bytes block = kGet;
    if (!hosts.empty() && random() % 2) {
      const size_t index = random() % std::min<size_t>(hosts.size(), 10);
      block = block + h2_indexed(62 + index);
      expected = hosts[index];
    } else {
      expected = "h" + std::to_string(random()) + std::string(random() % 200, 'x');
      block = block + h2_remembered(":authority", expected);
      hosts.insert(hosts.begin(), expected);
    }
    if (random() % 4 == 0) block = block + h2_field("cookie", std::string(random() % 10000, 'c'));
    const Bytes frame = h2_headers(stream, block);
    ASSERT_EQ(connection.feed(frame, consumed), Extract::Name) << stream;
    ASSERT_EQ(consumed, frame.size());
    ASSERT_EQ(connection.host().view(), expected);
  }
}

TEST(H2cRequests, RandomDamageGivesTheSameInPieces) {
  std::mt19937 random(7);
  for (int round = 0; round < 20000; ++round) {
    Bytes stream = h2_start() + cases()[random() % cases().size()].after_start +
                   cases()[random() % cases().size()].after_start;
    for (unsigned i = 0; i < random() % 4; ++i)
      stream[24 + random() % (stream.size() - 24)] = static_cast<uint8_t>(random());
    H2cConnection connection;
    const auto pieces = feed_pieces(connection, stream,
                                    [&](size_t left) { return std::min<size_t>(left, 1 + random() % 40); });
    ASSERT_EQ(pieces, feed_whole<H2cConnection>(stream)) << round;
  }
}

/// Blocks do not overlap, are aligned, keep what is written to them, and all memory comes back.
TEST(HpackHeap, TakesAndGivesBackWithoutLoss) {
  std::mt19937 random(9);
  const auto heap = std::make_unique<HpackHeap>();
  heap->reset();
  struct Block {
    uint8_t* memory;
    size_t size;
    uint8_t fill;
  };
  std::vector<Block> blocks;
  size_t refused = 0;
  for (int round = 0; round < 200000; ++round) {
    if (blocks.empty() || random() % 5 < 3) {
      const size_t size = random() % (random() % 16 == 0 ? 20000 : 300);
      auto* memory = static_cast<uint8_t*>(heap->take(size));
      if (memory == nullptr) {
        ++refused;
        continue;
      }
      ASSERT_EQ(reinterpret_cast<uintptr_t>(memory) % 16, 0u);
      blocks.push_back({memory, size, static_cast<uint8_t>(random())});
      std::memset(memory, blocks.back().fill, size);
    } else {
      const size_t place = random() % blocks.size();
      const Block block = blocks[place];
      for (size_t i = 0; i < block.size; ++i) ASSERT_EQ(block.memory[i], block.fill);
      heap->give_back(block.memory);
      blocks[place] = blocks.back();
      blocks.pop_back();
    }
  }
  EXPECT_GT(refused, 0u);
  for (const Block& block : blocks) heap->give_back(block.memory);
  EXPECT_NE(heap->take(kHpackBytes - 16), nullptr);
  EXPECT_EQ(heap->take(0), nullptr);
}

TEST(HpackHeap, RefusesMoreThanItHas) {
  const auto heap = std::make_unique<HpackHeap>();
  heap->reset();
  EXPECT_EQ(heap->take(kHpackBytes), nullptr);
  EXPECT_EQ(heap->take(SIZE_MAX), nullptr);
  heap->give_back(nullptr);
  EXPECT_NE(heap->take(kHpackBytes - 16), nullptr);
}

}  // namespace
}  // namespace sluice::test
