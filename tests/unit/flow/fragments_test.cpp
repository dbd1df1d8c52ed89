// tests: fragments put together, against a plain model of bytes.
#include "dataplane/flow/fragments.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <random>
#include <vector>

namespace sluice {
namespace {

using Offer = Fragments::Offer;
using Bytes = std::vector<uint8_t>;

constexpr uint16_t kL3 = 14, kL4 = 34;

/// A fragment with all that it refers to.
struct Piece {
  Packet packet;
  Address client{};
  Bytes headers = Bytes(kL4, 0xee), bytes;
  uint16_t buffers = 1;

  Piece(uint32_t id, size_t begin, Bytes data, bool more) : bytes(std::move(data)) {
    packet.v4 = true;
    packet.l3_offset = kL3;
    packet.l4_offset = kL4;
    packet.transport = kUdp;
    packet.fragment = true;
    packet.fragment_id = id;
    packet.fragment_offset = static_cast<uint16_t>(begin);
    packet.more_fragments = more;
  }
  rte_mbuf* mbuf() { return reinterpret_cast<rte_mbuf*>(this); }
  IncomingFragment incoming() { return {packet, client, 0, headers, bytes, mbuf(), buffers}; }
};

struct FragmentsTest : testing::Test {
  FragmentsTest() { EXPECT_TRUE(fragments.create(7)); }
  Offer offer(Piece& piece, uint64_t now_ms = 1000) {
    last = fragments.offer(piece.incoming(), now_ms);
    return last.offer;
  }
  Fragments fragments;
  Fragments::Outcome last{};
};

Bytes random_bytes(std::mt19937& random, size_t size) {
  Bytes out(size);
  for (uint8_t& byte : out) byte = static_cast<uint8_t>(random());
  return out;
}

TEST_F(FragmentsTest, AnyOrderWithRepetitionsGivesTheDatagram) {
  std::mt19937 random(11);
  for (uint32_t round = 0; round < 2000; ++round) {
    const Bytes whole = random_bytes(random, 9 + random() % 600);
    std::vector<Piece> pieces;
    for (size_t begin = 0; begin < whole.size();) {
      const size_t end = std::min<size_t>(whole.size(), begin + 8 * (1 + random() % 12));
      pieces.emplace_back(round, begin, Bytes(&whole[begin], &whole[begin] + (end - begin)),
                          end < whole.size());
      begin = end;
    }
    if (pieces.size() == 1) continue;
    std::shuffle(pieces.begin(), pieces.end(), random);
    std::vector<rte_mbuf*> order;
    for (size_t at = 0; at < pieces.size(); ++at) {
      if (at > 0 && random() % 3 == 0) {
        Piece again = pieces[random() % at];
        ASSERT_EQ(offer(again), Offer::Repeated);
      }
      ASSERT_EQ(offer(pieces[at]), at + 1 < pieces.size() ? Offer::Held : Offer::Whole);
      order.push_back(pieces[at].mbuf());
    }
    const Datagram& datagram = *last.datagram;
    ASSERT_TRUE(std::ranges::equal(datagram.payload(), whole));
    ASSERT_TRUE(std::ranges::equal(datagram.fragments(), order, {}, &Datagram::Fragment::mbuf));
    ASSERT_EQ(datagram.headers().size(), kL4);
    ASSERT_EQ(datagram.headers()[0], 0xee);
    fragments.close(*last.datagram, Reason::FragmentRepeated, 1000);
    ASSERT_EQ(offer(pieces[0]), Offer::Past);
  }
  EXPECT_EQ(fragments.held(), 0u);
}

/// What a datagram is, byte by byte.
struct Model {
  struct Seen {
    size_t begin, end;
    bool more;
    Bytes bytes;
  };
  std::vector<Seen> seen;
  std::optional<size_t> total;

  Offer offer(const Piece& piece) {
    const Seen one{piece.packet.fragment_offset, piece.packet.fragment_offset + piece.bytes.size(),
                   piece.packet.more_fragments, piece.bytes};
    if (one.bytes.empty() || (one.more && one.bytes.size() % 8 != 0)) return Offer::Malformed;
    std::vector<bool> covered(4096);
    size_t farthest = 0, count = one.bytes.size();
    for (const Seen& other : seen) {
      if (other.begin == one.begin && other.end == one.end && other.more == one.more &&
          other.bytes == one.bytes)
        return Offer::Repeated;
      for (size_t at = other.begin; at < other.end; ++at) covered[at] = true;
      farthest = std::max(farthest, other.end);
      count += other.bytes.size();
    }
    for (size_t at = one.begin; at < one.end; ++at)
      if (covered[at]) return Offer::Conflict;
    if (total && (one.end > *total || !one.more)) return Offer::Conflict;
    if (!one.more && farthest > one.end) return Offer::Conflict;
    if (!one.more) total = one.end;
    seen.push_back(one);
    return total && count == *total ? Offer::Whole : Offer::Held;
  }
};

TEST_F(FragmentsTest, WhateverComesMatchesThePlainModel) {
  std::mt19937 random(5);
  uint32_t whole = 0, conflicts = 0;
  for (uint32_t round = 0; round < 20'000; ++round) {
    Model model;
    std::vector<Piece> sent;
    for (;;) {
      const size_t begin = 8 * (random() % 6);
      const bool more = random() % 4 != 0;
      const size_t size = random() % 16 == 0 ? random() % 9 : 8 * (1 + random() % 2);
      // Few different bytes, so that the same come twice.
      Piece piece(round, begin, Bytes(size, static_cast<uint8_t>(random() % 16 == 0)), more);
      const Offer expected = model.offer(piece);
      ASSERT_EQ(offer(piece), expected) << round;
      if (expected != Offer::Whole && expected != Offer::Conflict) continue;
      ++(expected == Offer::Whole ? whole : conflicts);
      fragments.close(*last.datagram, Reason::FragmentOverlap, 1000);
      ASSERT_EQ(offer(piece), Offer::Past);
      ASSERT_EQ(last.reason, Reason::FragmentOverlap);
      break;
    }
  }
  EXPECT_GT(whole, 500u);
  EXPECT_GT(conflicts, 500u);
  EXPECT_EQ(fragments.held(), 0u);
}

Piece lonely(uint32_t id, uint8_t client = 0) {
  Piece piece(id, 0, Bytes(8), true);
  piece.client.bytes[15] = client;
  return piece;
}

TEST_F(FragmentsTest, AClientHasNoMoreThanItsShareAndGetsItBack) {
  for (uint32_t id = 0; id < kMaxClientBuffers; ++id) {
    Piece piece = lonely(id);
    ASSERT_EQ(offer(piece), Offer::Held);
  }
  Piece more = lonely(1000), other = lonely(1001, 1);
  EXPECT_EQ(offer(more), Offer::Full);
  EXPECT_EQ(last.datagram, nullptr);
  EXPECT_EQ(offer(other), Offer::Held);
  fragments.close(*fragments.oldest(), Reason::FragmentIncomplete, 1000);
  EXPECT_EQ(offer(more), Offer::Held);
}

TEST_F(FragmentsTest, AFrameOfManyBuffersCountsAsMany) {
  Piece large = lonely(1);
  large.buffers = kMaxClientBuffers;
  Piece small = lonely(2);
  EXPECT_EQ(offer(large), Offer::Held);
  EXPECT_EQ(offer(small), Offer::Full);
}

TEST_F(FragmentsTest, AWorkerHasABoundOfBuffersAndOfDatagrams) {
  uint32_t held = 0;
  for (uint32_t id = 0; id < 2 * kMaxDatagrams; ++id) {
    Piece piece = lonely(id, static_cast<uint8_t>(id % 200));
    if (offer(piece) == Offer::Held) ++held;
  }
  EXPECT_EQ(held, kMaxDatagrams);
  while (Datagram* datagram = fragments.oldest()) fragments.close(*datagram, Reason::Fragment, 1000);
  held = 0;
  for (uint32_t id = 0; id < 200; ++id) {
    Piece piece = lonely(10'000 + id, static_cast<uint8_t>(id));
    piece.buffers = 16;
    if (offer(piece) == Offer::Held) ++held;
  }
  EXPECT_EQ(held, kMaxFragmentBuffers / 16);
}

TEST_F(FragmentsTest, ADatagramHasNoMoreFragmentsThanTheBound) {
  for (uint32_t at = 0; at < kMaxFragments; ++at) {
    Piece piece(1, 8 * at, Bytes(8), true);
    ASSERT_EQ(offer(piece), Offer::Held);
  }
  Piece one_more(1, 8 * kMaxFragments, Bytes(8), true);
  EXPECT_EQ(offer(one_more), Offer::Full);
  ASSERT_NE(last.datagram, nullptr);
  EXPECT_EQ(last.datagram->fragments().size(), kMaxFragments);
}

TEST_F(FragmentsTest, TheirTimeIsOverInTheOrderOfTheirStart) {
  Piece one = lonely(1), two = lonely(2), late = lonely(3);
  EXPECT_EQ(offer(one, 1000), Offer::Held);
  EXPECT_EQ(offer(two, 1001), Offer::Held);
  EXPECT_EQ(fragments.expired(999 + kFragmentMs), nullptr);
  Datagram* first = fragments.expired(1000 + kFragmentMs);
  ASSERT_NE(first, nullptr);
  EXPECT_EQ(first->fragments().front().mbuf, one.mbuf());
  fragments.close(*first, Reason::FragmentIncomplete, 1000 + kFragmentMs);
  EXPECT_EQ(fragments.expired(1000 + kFragmentMs), nullptr);
  EXPECT_EQ(offer(late, 1001 + kFragmentMs), Offer::Held);
  EXPECT_EQ(fragments.expired(1001 + kFragmentMs)->fragments().front().mbuf, two.mbuf());
}

TEST_F(FragmentsTest, OneClosedAmongOthersLeavesTheirOrder) {
  Piece one = lonely(1), two = lonely(2), three = lonely(3);
  for (Piece* piece : {&one, &two, &three}) EXPECT_EQ(offer(*piece), Offer::Held);
  Piece end(2, 8, Bytes(8), false);
  EXPECT_EQ(offer(end), Offer::Whole);
  fragments.close(*last.datagram, Reason::FragmentRepeated, 1000);
  for (Piece* piece : {&one, &three}) {
    ASSERT_NE(fragments.oldest(), nullptr);
    EXPECT_EQ(fragments.oldest()->fragments().front().mbuf, piece->mbuf());
    fragments.close(*fragments.oldest(), Reason::FragmentIncomplete, 1000);
  }
  EXPECT_EQ(fragments.oldest(), nullptr);
}

/// With so many, some share a place of the index.
TEST_F(FragmentsTest, OneClosedLeavesThoseOfItsPlace) {
  for (uint32_t id = 0; id < kMaxDatagrams; ++id) {
    Piece piece = lonely(id, static_cast<uint8_t>(id % 200));
    ASSERT_EQ(offer(piece), Offer::Held);
  }
  for (uint32_t id = kMaxDatagrams; id-- > 0;) {  // the newest of a place is the first of its list
    Piece end(id, 8, Bytes(8), false);
    end.client.bytes[15] = static_cast<uint8_t>(id % 200);
    ASSERT_EQ(offer(end), Offer::Whole) << id;
    fragments.close(*last.datagram, Reason::FragmentRepeated, 1000);
  }
  EXPECT_EQ(fragments.held(), 0u);
}

TEST_F(FragmentsTest, ThoseOfAnotherPairAreAnotherDatagrams) {
  Piece here = lonely(1), there(1, 8, Bytes(8), false);
  EXPECT_EQ(offer(here), Offer::Held);
  IncomingFragment elsewhere = there.incoming();
  elsewhere.pair = 1;
  EXPECT_EQ(fragments.offer(elsewhere, 1000).offer, Offer::Held);
  EXPECT_EQ(offer(there), Offer::Whole);
}

TEST_F(FragmentsTest, WhatIsDoneWithIsKnownForATimeAndThenNew) {
  Piece piece = lonely(1);
  fragments.close(piece.incoming(), Reason::Fragment, 1000);
  EXPECT_EQ(offer(piece, 999 + kPastFragmentMs), Offer::Past);
  EXPECT_EQ(last.reason, Reason::Fragment);
  EXPECT_EQ(offer(piece, 1000 + kPastFragmentMs), Offer::Held);
}

TEST_F(FragmentsTest, AnIdThatComesRoundAgainIsNew) {
  // 65,536 datagrams later hardly any id is still known, so that a busy pair of hosts loses nothing.
  uint32_t known = 0;
  for (uint32_t datagram = 0; datagram < 3 * 65'536; ++datagram) {
    Piece piece = lonely(datagram % 65'536);
    if (offer(piece) == Offer::Past)
      ++known;
    else
      fragments.close(*last.datagram, Reason::FragmentRepeated, 1000);
  }
  EXPECT_LT(known, 200u);
}

}  // namespace
}  // namespace sluice
