// tests: the tables that remember.
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

#include "dataplane/flow/bindings.h"
#include "dataplane/flow/context.h"
#include "dataplane/flow/flow_table.h"
#include "dataplane/flow/name_pool.h"
#include "tests/support/frame.h"

namespace sluice {
namespace {

FlowKey key_of(uint32_t number) {
  FlowKey key{};
  std::memcpy(key.local.bytes.data(), &number, sizeof number);
  key.transport = 6;
  return key;
}

Address address_of(uint32_t number) {
  Address address;
  std::memcpy(address.bytes.data() + 12, &number, sizeof number);
  return address;
}

TEST(FlowTable, FillsToItsCapacityAndNoFurther) {
  FlowTable table;
  ASSERT_TRUE(table.create(1000, 1));
  for (uint32_t i = 0; i < table.capacity(); ++i) {
    const FlowKey key = key_of(i);
    ASSERT_NE(table.insert(key, table.hash(key)), nullptr) << i;
  }
  const FlowKey one_more = key_of(1'000'000);
  EXPECT_EQ(table.insert(one_more, table.hash(one_more)), nullptr);
  EXPECT_EQ(table.size(), table.capacity());
}

TEST(FlowTable, FillsToItsCapacityAgainAndAgain) {
  FlowTable table;
  ASSERT_TRUE(table.create(100'000, 5));
  std::vector<FlowKey> keys;
  uint32_t next = 0;
  const auto fill = [&] {
    while (table.size() < table.capacity()) {
      keys.push_back(key_of(next++));
      ASSERT_NE(table.insert(keys.back(), table.hash(keys.back())), nullptr) << next;
    }
  };
  fill();
  std::mt19937 random(9);
  for (int round = 0; round < 100; ++round) {  // its places are used in ever other orders
    for (int i = 0; i < 5000; ++i) {
      std::swap(keys[random() % keys.size()], keys.back());
      table.erase(*table.find(keys.back(), table.hash(keys.back())));
      keys.pop_back();
    }
    fill();
  }
  for (const FlowKey& key : keys) {
    const Flow* flow = table.find(key, table.hash(key));
    ASSERT_NE(flow, nullptr);
    EXPECT_EQ(flow->key, key);
  }
}

TEST(FlowTable, AFlowIsSettledWhereAllThatTellsSaysSo) {
  FlowTable table;
  ASSERT_TRUE(table.create(8, 1));
  Flow& flow = *table.insert(key_of(1), table.hash(key_of(1)));
  constexpr Epoch kNow = kEpochs - 1;
  const uint64_t settled = Flow::settled_word(kNow);
  EXPECT_FALSE(flow.is_settled(settled));
  flow.state = FlowState::Allowed;
  EXPECT_FALSE(flow.is_settled(settled));
  flow.epoch = kNow;
  flow.cold().protocol = Protocol::Quic;
  flow.cold().seen_and_situation = 0xff;
  EXPECT_TRUE(flow.is_settled(settled));
  EXPECT_FALSE(flow.is_settled(Flow::settled_word(after(kNow))));
  for (unsigned bit = 0; bit < 16; ++bit) {
    const auto flag = static_cast<FlowFlag>(1U << bit);
    const bool tells = flag == kFlowInUse || flag == kFlowDns || flag == kFlowLooking || flag == kFlowOpened;
    const uint16_t before = flow.flags;
    flow.flags = static_cast<uint16_t>(flow.flags ^ flag);
    EXPECT_EQ(flow.is_settled(settled), !tells) << bit;
    flow.flags = before;
  }
  flow.context = 0;
  EXPECT_FALSE(flow.is_settled(settled));
  flow.context = kNoIndex;
  flow.state = FlowState::Blocked;
  EXPECT_FALSE(flow.is_settled(settled));
}

TEST(FlowTable, WhatPassedIsFullBeforeItsBytesOverflow) {
  constexpr uint64_t kLargest = 65'535, kFragments = 128;  // of a datagram
  Flow flow{};
  for (uint32_t packets = 1; packets < Flow::kMostUntold; ++packets) ASSERT_FALSE(flow.add(1, kLargest));
  EXPECT_TRUE(flow.add(1, kLargest, kFragments));
  EXPECT_EQ(flow.packets[1], Flow::kMostUntold - 1 + kFragments);
  EXPECT_EQ(flow.bytes[1], Flow::kMostUntold * kLargest);
  EXPECT_EQ(flow.packets[0] + flow.bytes[0], 0U);
}

TEST(FlowTable, WhatIsColdOfAFlowIsItsAlone) {
  FlowTable table;
  constexpr uint32_t kFlows = kFlowsOfChunk + 2;  // the last ones lie in the second chunk
  ASSERT_TRUE(table.create(kFlows, 1));
  for (uint32_t i = 0; i < kFlows; ++i) table.insert(key_of(i), table.hash(key_of(i)))->cold().name = i;
  table.lone(key_of(kFlows)).cold().name = kFlows;
  std::set<const void*> places;
  for (uint32_t i = 0; i < kFlows; ++i) {
    const Flow* const flow = table.find(key_of(i), table.hash(key_of(i)));
    ASSERT_NE(flow, nullptr);
    ASSERT_EQ(flow->cold().name, i);
    ASSERT_EQ(flow->key, key_of(i));
    ASSERT_TRUE(places.insert(&flow->cold()).second);
  }
  for (uint32_t i = 0; i < kFlows; ++i) ASSERT_NE(table.at(i), nullptr) << i;
  EXPECT_EQ(table.find(key_of(kFlows), table.hash(key_of(kFlows))), nullptr);
}

TEST(FlowTable, TheVlanTellsNoFlowsApart) {
  FlowTable table;
  ASSERT_TRUE(table.create(64, 1));
  FlowKey key = key_of(1);
  key.vlan = 28;
  const Flow* flow = table.insert(key, table.hash(key));
  key.vlan = 29;
  EXPECT_EQ(table.find(key, table.hash(key)), flow);
  key.remote_port = 1;
  EXPECT_EQ(table.find(key, table.hash(key)), nullptr);
}

TEST(FlowTable, RandomUseMatchesAMap) {
  FlowTable table;
  ASSERT_TRUE(table.create(512, 7));
  std::map<uint32_t, uint32_t> model;
  std::mt19937 random(3);
  for (uint32_t step = 0; step < 200'000; ++step) {
    const uint32_t number = random() % 1024;
    const FlowKey key = key_of(number);
    Flow* flow = table.find(key, table.hash(key));
    ASSERT_EQ(flow != nullptr, model.contains(number)) << step;
    if (flow == nullptr) {
      flow = table.insert(key, table.hash(key));
      if (flow != nullptr) flow->cold().name = model[number] = step;
      ASSERT_EQ(flow != nullptr || model.size() == table.capacity(), true);
    } else {
      ASSERT_EQ(flow->cold().name, model[number]);
      table.erase(*flow);
      model.erase(number);
    }
    ASSERT_EQ(table.size(), model.size());
  }
}

TEST(FlowTable, ACandidateIsTheFlowOnlyWhileItBearsTheKey) {
  FlowTable table;
  ASSERT_TRUE(table.create(64, 1));
  const FlowKey key = key_of(1), other = key_of(2);
  const FlowTable::Bucket* const bucket = table.prefetch(table.hash(key));
  EXPECT_EQ(table.candidate(table.hash(key), bucket), nullptr);
  Flow* flow = table.insert(key, table.hash(key));
  Flow* candidate = table.candidate(table.hash(key), bucket);
  EXPECT_EQ(candidate, flow);
  EXPECT_TRUE(FlowTable::is(candidate, key));
  EXPECT_FALSE(FlowTable::is(candidate, other));
  EXPECT_FALSE(FlowTable::is(nullptr, key));
  EXPECT_EQ(table.find(key, table.hash(key), nullptr), flow);
  EXPECT_EQ(table.find(other, table.hash(other), candidate), nullptr);
  // In the midst of a burst: what was fetched for a later packet is gone, and then another's.
  table.erase(*flow);
  EXPECT_FALSE(FlowTable::is(candidate, key));
  EXPECT_EQ(table.find(key, table.hash(key), candidate), nullptr);
  EXPECT_EQ(table.insert(other, table.hash(other)), flow);
  EXPECT_FALSE(FlowTable::is(candidate, key));
}

TEST(FlowTable, WhatIsNotInTheFirstBucketIsInTheSecond) {
  constexpr uint32_t kFlows = 100'000;
  FlowTable table;
  ASSERT_TRUE(table.create(kFlows, 1));
  for (uint32_t i = 0; i < kFlows; ++i) {
    if (i == kFlows / 2) {
      uint32_t second = 0;
      for (uint32_t each = 0; each < i; ++each) {
        const uint64_t hash = table.hash(key_of(each));
        second += table.candidate(hash, table.prefetch(hash)) == nullptr;
      }
      EXPECT_LT(second, i / 10) << "of a table half full";
    }
    ASSERT_NE(table.insert(key_of(i), table.hash(key_of(i))), nullptr) << i;
  }
  for (uint32_t i = 0; i < kFlows; ++i) {
    const uint64_t hash = table.hash(key_of(i));
    const Flow* const first = table.candidate(hash, table.prefetch(hash));
    const Flow* const second = table.candidate(hash, table.second(hash));
    const Flow* const found = table.find(key_of(i), hash);
    ASSERT_NE(found, nullptr);
    EXPECT_TRUE(first == found || second == found)
        << i;  // a tag of 32 bits that another's flow shares: none here
  }
}

TEST(FlowTable, SweepsMeetEveryFlowAlsoOfProtocolZero) {
  FlowTable table;
  ASSERT_TRUE(table.create(8, 1));
  FlowKey key{};
  Flow* flow = table.insert(key, table.hash(key));
  ASSERT_NE(flow, nullptr);
  EXPECT_EQ(table.at(0), flow);
  table.erase(*flow);
  EXPECT_EQ(table.at(0), nullptr);
}

TEST(NamePool, SameNameSameHandleUntilTheLastRelease) {
  NamePool pool;
  ASSERT_TRUE(pool.create(4, 1));
  const uint32_t first = pool.intern("a.example");
  EXPECT_EQ(pool.intern("a.example"), first);
  pool.release(first);
  EXPECT_EQ(pool.view(first), "a.example");
  EXPECT_EQ(pool.size(), 1u);
  pool.release(first);
  EXPECT_EQ(pool.size(), 0u);
}

TEST(NamePool, FullPoolGivesNoHandleAndWorksOnAfterARelease) {
  NamePool pool;
  ASSERT_TRUE(pool.create(2, 1));
  const uint32_t a = pool.intern("a"), b = pool.intern("b");
  EXPECT_EQ(pool.intern("c"), 0u);
  pool.release(a);
  EXPECT_NE(pool.intern("c"), 0u);
  EXPECT_EQ(pool.view(b), "b");
  EXPECT_EQ(pool.intern(""), 0u);
  EXPECT_EQ(pool.view(0), "");
}

TEST(Bindings, LatestNameWinsAndExpiresAfterTtlAndGrace) {
  NamePool names;
  Bindings bindings;
  ASSERT_TRUE(names.create(16, 1) && bindings.create(16, 1, names));
  const Address address = address_of(9);
  bindings.bind(address, "old.example", 60, 1000);
  bindings.bind(address, "new.example", 60, 1000);
  EXPECT_EQ(bindings.find(address, 1000), "new.example");
  EXPECT_EQ(bindings.find(address, 1000 + 60'000 + kBindingGraceMs - 1), "new.example");
  EXPECT_EQ(bindings.find(address, 1000 + 60'000 + kBindingGraceMs), "");
  EXPECT_EQ(names.size(), 1u);
  for (int i = 0; i < 10; ++i) bindings.sweep(1000 + 60'000 + kBindingGraceMs);
  EXPECT_EQ(bindings.size(), 0u);
  EXPECT_EQ(names.size(), 0u);
}

TEST(Bindings, NeverGrowsAndNeverLeaksNames) {
  NamePool names;
  Bindings bindings;
  ASSERT_TRUE(names.create(64, 1) && bindings.create(64, 1, names));
  for (uint32_t i = 0; i < 10'000; ++i)
    bindings.bind(address_of(i), "n" + std::to_string(i) + ".example", 60, i);
  EXPECT_LE(bindings.size(), bindings.capacity());
  EXPECT_EQ(names.size(), bindings.size());
}

TEST(Questions, CountOnceInTimeAndOnlyAsAsked) {
  Questions questions;
  ASSERT_TRUE(questions.create(64, 1));
  const FlowKey flow = key_of(1);
  questions.ask(flow, 7, "a.example", 1, 100);
  EXPECT_FALSE(questions.answer(flow, 8, "a.example", 1, 101)) << "another id";
  EXPECT_FALSE(questions.answer(flow, 7, "b.example", 1, 101)) << "another name";
  EXPECT_FALSE(questions.answer(flow, 7, "a.example", 28, 101)) << "another type";
  EXPECT_FALSE(questions.answer(key_of(2), 7, "a.example", 1, 101)) << "another flow";
  EXPECT_TRUE(questions.answer(flow, 7, "a.example", 1, 101));
  EXPECT_FALSE(questions.answer(flow, 7, "a.example", 1, 102)) << "a second answer";
  questions.ask(flow, 7, "a.example", 1, 200);
  EXPECT_FALSE(questions.answer(flow, 7, "a.example", 1, 200 + kQuestionMs + 1)) << "too late";
}

TEST(ContextPool, EndsAtItsCapacityAndTakesBack) {
  ContextPool pool;
  ASSERT_TRUE(pool.create(2));
  const uint32_t a = pool.take(0, 0), b = pool.take(0, 0);
  EXPECT_NE(a, b);
  EXPECT_EQ(pool.take(0, 0), kNoIndex);
  pool.give_back(a);
  EXPECT_EQ(pool.take(0, 0), a);
  EXPECT_EQ(pool.used(), 2u);
}

TEST(ContextPool, DecodersOfHttp2EndAndComeBack) {
  ContextPool pool;
  ASSERT_TRUE(pool.create(kContextsPerHpack));
  const uint32_t a = pool.take(0, 0), b = pool.take(0, 0);
  EXPECT_TRUE(pool.begin_h2c(pool[a]));
  EXPECT_FALSE(pool.begin_h2c(pool[b]));
  EXPECT_EQ(pool[b].kind, ReaderKind::Recognising);
  pool.end_reader(pool[a]);
  EXPECT_TRUE(pool.begin_h2c(pool[b]));
  pool.give_back(a);  // nothing of a's is given back twice
  EXPECT_FALSE(pool.begin_h2c(pool[pool.take(0, 0)]));
  pool.give_back(b);
  EXPECT_TRUE(pool.begin_h2c(pool[pool.take(0, 0)]));
}

}  // namespace
}  // namespace sluice
