// tests: streams put in order, and what passed first.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <string>

#include "dataplane/flow/byte_stream.h"
#include "dataplane/flow/flow_table.h"
#include "tests/support/frame.h"

namespace sluice {
namespace {

using Offer = ByteStream::Offer;
using test::Bytes;

class ByteStreamTest : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(pool_.create(40)); }

  Offer offer(uint32_t at, std::string_view text) { return stream_.offer(pool_, at, test::bytes(text)); }
  /// Reads all that is there.
  std::string read() {
    std::string all;
    for (auto part = stream_.readable(pool_); !part.empty(); part = stream_.readable(pool_)) {
      all.append(part.begin(), part.end());
      stream_.consume(static_cast<uint32_t>(part.size()));
    }
    return all;
  }

  BlockPool pool_;
  ByteStream stream_;
};

TEST_F(ByteStreamTest, PiecesAreReadInOrderWhateverOrderTheyComeIn) {
  stream_.begin(1000);
  EXPECT_EQ(offer(1006, "ghi"), Offer::Taken);
  EXPECT_EQ(read(), "");
  EXPECT_EQ(offer(1003, "def"), Offer::Taken);
  EXPECT_EQ(offer(1000, "abc"), Offer::Taken);
  EXPECT_EQ(read(), "abcdefghi");
}

TEST_F(ByteStreamTest, WhatContradictsTheFirstCopyIsRefusedReadOrNot) {
  stream_.begin(1000);
  ASSERT_EQ(offer(1000, "abc"), Offer::Taken);
  ASSERT_EQ(read(), "abc");
  ASSERT_EQ(offer(1005, "fgh"), Offer::Taken);
  EXPECT_EQ(offer(1000, "abX"), Offer::Differs);
  EXPECT_EQ(offer(1003, "deX"), Offer::Differs);
  EXPECT_EQ(offer(1002, "cdefghij"), Offer::Taken);
  EXPECT_EQ(read(), "defghij");
  EXPECT_EQ(offer(1000, "abcdef"), Offer::Old);
  EXPECT_TRUE(stream_.contradicts(pool_, 1009, test::bytes("X")));
  EXPECT_FALSE(stream_.contradicts(pool_, 1009, test::bytes("jklm")));
}

TEST_F(ByteStreamTest, WhatIsAcknowledgedIsNoLongerInQuestion) {
  stream_.begin(1000);
  ASSERT_EQ(offer(1000, "abcdef"), Offer::Taken);
  ASSERT_EQ(read(), "abcdef");
  stream_.release_to(pool_, 1003);
  EXPECT_EQ(offer(1000, "XXXdef"), Offer::Old);
  EXPECT_EQ(offer(1000, "abcXef"), Offer::Differs);
  EXPECT_TRUE(stream_.holds());
  stream_.release_to(pool_, 999);  // an old acknowledgement
  EXPECT_TRUE(stream_.holds());
  stream_.release_to(pool_, 5000);  // what was not read yet stays
  EXPECT_FALSE(stream_.holds());
  EXPECT_EQ(pool_.used(), 0u);
}

TEST_F(ByteStreamTest, UnreadBytesOutliveAnAcknowledgementOfThem) {
  stream_.begin(1000);
  ASSERT_EQ(offer(1003, "def"), Offer::Taken);
  stream_.release_to(pool_, 1006);
  EXPECT_EQ(offer(1000, "abc"), Offer::Taken);
  EXPECT_EQ(read(), "abcdef");
}

TEST_F(ByteStreamTest, SkippedBytesAreNeitherKeptNorCompared) {
  stream_.begin(1000);
  ASSERT_EQ(offer(1000, "head"), Offer::Taken);
  ASSERT_EQ(read(), "head");
  stream_.consume(100);
  EXPECT_EQ(offer(1004, std::string(50, 'x')), Offer::Old);
  EXPECT_EQ(offer(1004, std::string(50, 'y')), Offer::Old);
  EXPECT_EQ(offer(1100, "tailnext"), Offer::Taken);
  EXPECT_EQ(read(), "next");
  EXPECT_EQ(offer(1102, "XXnext"), Offer::Old);
  EXPECT_EQ(offer(1102, "ilnexX"), Offer::Differs);
  EXPECT_EQ(offer(1000, "heaX"), Offer::Differs);
}

TEST_F(ByteStreamTest, WhatIsNoLongerReadIsStillComparedUntilItIsReleased) {
  stream_.begin(1000);
  ASSERT_EQ(offer(1000, "abc"), Offer::Taken);
  ASSERT_EQ(offer(1005, "fgh"), Offer::Taken);
  stream_.end_reading();
  EXPECT_TRUE(stream_.contradicts(pool_, 1006, test::bytes("X")));
  stream_.release_to(pool_, 1007);
  EXPECT_TRUE(stream_.holds());
  stream_.release_to(pool_, 1008);
  EXPECT_FALSE(stream_.holds());
}

TEST_F(ByteStreamTest, NumbersWrap) {
  stream_.begin(0xfffffffd);
  EXPECT_EQ(offer(1, "efg"), Offer::Taken);
  EXPECT_EQ(offer(0xfffffffd, "abcX"), Offer::Taken);
  EXPECT_EQ(offer(0, "d"), Offer::Differs);
  EXPECT_EQ(read(), "abcXefg");
  EXPECT_EQ(offer(0xffffffff, "cX"), Offer::Old);
  stream_.release_to(pool_, 2);
  EXPECT_EQ(offer(0xffffffff, "YYYfg"), Offer::Old);
}

TEST_F(ByteStreamTest, EveryBoundIsKept) {
  stream_.begin(0);
  EXPECT_EQ(offer(kStreamWindow, "x"), Offer::TooFar);
  EXPECT_EQ(offer(0x7fffffff, "x"), Offer::TooFar);
  EXPECT_EQ(offer(0x80000000, "x"), Offer::TooFar);
  EXPECT_EQ(offer(0xc0000000, "x"), Offer::Old);
  EXPECT_EQ(offer(kStreamWindow - 1, "x"), Offer::Taken);
  for (uint32_t i = 1; i < kStreamRuns; ++i) ASSERT_EQ(offer(i * 2, "x"), Offer::Taken) << i;
  EXPECT_EQ(offer(kStreamRuns * 2, "x"), Offer::TooFar);
  EXPECT_EQ(offer(3, "x"), Offer::Taken);  // joins two of them
  EXPECT_EQ(offer(kStreamRuns * 2, "x"), Offer::Taken);
}

TEST_F(ByteStreamTest, TheNextBytesHaveRoomWhateverLiesAhead) {
  stream_.begin(0);
  for (uint32_t i = 1; i <= kStreamRuns; ++i) ASSERT_EQ(offer(i * 100, "ahead"), Offer::Taken) << i;
  EXPECT_EQ(offer(50, "ahead"), Offer::TooFar);
  EXPECT_EQ(offer(0, "first"), Offer::Taken);
  EXPECT_EQ(read(), "first");
  stream_.release_to(pool_, 5);
  EXPECT_EQ(offer(3, "stnext"), Offer::Taken);
  EXPECT_EQ(read(), "next");
}

TEST_F(ByteStreamTest, AnEmptyPoolIsSaidAndGivesNothingAway) {
  ByteStream other;
  other.begin(0);
  ASSERT_EQ(other.offer(pool_, 0, Bytes(32 * kStreamBlock)), Offer::Taken);
  stream_.begin(0);
  ASSERT_EQ(offer(0, std::string(6 * kStreamBlock, 'x')), Offer::Taken);
  EXPECT_EQ(offer(6 * kStreamBlock, std::string(3 * kStreamBlock, 'x')), Offer::NoMemory);
  EXPECT_EQ(pool_.used(), 38u);
  EXPECT_EQ(stream_.kept_bytes(), 6 * kStreamBlock);
  other.clear(pool_);
  EXPECT_EQ(offer(6 * kStreamBlock, std::string(3 * kStreamBlock, 'x')), Offer::Taken);
  stream_.clear(pool_);
  EXPECT_EQ(pool_.used(), 0u);
}

TEST_F(ByteStreamTest, AmendedBytesAreWhatCountsFromThenOn) {
  stream_.begin(2045);
  ASSERT_EQ(offer(2045, "abcdefgh"), Offer::Taken);
  stream_.amend(pool_, 2047, test::bytes("CDE"));
  EXPECT_EQ(offer(2046, "bcd"), Offer::Differs);
  EXPECT_EQ(offer(2046, "bCD"), Offer::Old);
  Bytes copy = test::bytes("0123456789AB");
  stream_.restore(pool_, 2043, copy);
  EXPECT_EQ(copy, test::bytes("01abCDEfghAB"));
  EXPECT_EQ(read(), "abCDEfgh");
}

/// What the class promises, said by a map from number to byte.
class Model {
 public:
  explicit Model(uint32_t start) : floor_(start), read_(start) {}
  Offer offer(uint32_t at, const Bytes& bytes) {
    bool fresh = false;
    for (uint32_t i = 0; i < bytes.size(); ++i) {
      const auto kept = kept_.find(at + i);
      if (kept != kept_.end() && kept->second != bytes[i]) return Offer::Differs;
      fresh = fresh || (kept == kept_.end() && at + i >= read_);
    }
    if (!fresh) return Offer::Old;
    for (uint32_t i = 0; i < bytes.size(); ++i)
      if (at + i >= read_) kept_.emplace(at + i, bytes[i]);
    return Offer::Taken;
  }
  Bytes read() {
    Bytes out;
    for (auto it = kept_.find(read_); it != kept_.end(); it = kept_.find(++read_)) out.push_back(it->second);
    return out;
  }
  void skip(uint32_t size) { read_ += size; }
  void release_to(uint32_t at) {
    floor_ = std::max(floor_, std::min(at, read_));
    kept_.erase(kept_.begin(), kept_.lower_bound(floor_));
  }
  uint32_t read_place() const { return read_; }
  bool holds() const { return !kept_.empty(); }

 private:
  uint32_t floor_, read_;
  std::map<uint32_t, uint8_t> kept_;
};

TEST_F(ByteStreamTest, ContiguousEndIsWhereTheFirstGapBegins) {
  stream_.begin(1000);
  EXPECT_EQ(stream_.contiguous_end(), 1000u);
  EXPECT_EQ(stream_.offer(pool_, 1010, Bytes(5)), Offer::Taken);
  EXPECT_EQ(stream_.contiguous_end(), 1000u);
  EXPECT_EQ(stream_.offer(pool_, 1000, Bytes(3)), Offer::Taken);
  EXPECT_EQ(stream_.contiguous_end(), 1003u);
  stream_.consume(2);
  EXPECT_EQ(stream_.contiguous_end(), 1003u);
  stream_.consume(1);
  EXPECT_EQ(stream_.contiguous_end(), 1003u);
  EXPECT_EQ(stream_.offer(pool_, 1003, Bytes(7)), Offer::Taken);
  EXPECT_EQ(stream_.contiguous_end(), 1015u);
  stream_.clear(pool_);
}

TEST_F(ByteStreamTest, AgreesWithAPlainModelOverRandomPieces) {
  for (uint32_t seed = 0; seed < 300; ++seed) {
    std::mt19937 random(seed);
    const auto upto = [&](uint32_t bound) { return static_cast<uint32_t>(random() % bound); };
    const uint32_t spread = seed % 2 == 0 ? 60 : 6000;
    stream_.begin(100'000);
    Model model(100'000);
    for (int step = 0; step < 200; ++step) {
      const uint32_t at = model.read_place() + upto(spread) - upto(spread);
      Bytes piece(1 + upto(spread / 3));
      for (uint32_t i = 0; i < piece.size(); ++i) piece[i] = static_cast<uint8_t>((at + i) * 7 >> 3);
      if (upto(8) == 0) piece[upto(static_cast<uint32_t>(piece.size()))] ^= 1;
      const Offer got = stream_.offer(pool_, at, piece);
      if (got == Offer::TooFar) continue;  // too many runs: the model knows no bounds
      ASSERT_EQ(got, model.offer(at, piece)) << seed << ' ' << step;
      const std::string read_bytes = read();
      ASSERT_EQ(Bytes(read_bytes.begin(), read_bytes.end()), model.read()) << seed << ' ' << step;
      if (upto(10) == 0) {
        const uint32_t size = upto(spread);
        stream_.consume(size);
        model.skip(size);
      }
      if (upto(4) == 0) {
        const uint32_t ack = model.read_place() + upto(spread) - upto(spread);
        stream_.release_to(pool_, ack);
        model.release_to(ack);
      }
      ASSERT_EQ(stream_.holds(), model.holds()) << seed << ' ' << step;
    }
    stream_.clear(pool_);
    ASSERT_EQ(pool_.used(), 0u);
  }
}

}  // namespace
}  // namespace sluice
