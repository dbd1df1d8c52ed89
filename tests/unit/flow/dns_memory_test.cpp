// tests: what DNS answers taught.
#include "dataplane/flow/dns_memory.h"

#include <gtest/gtest.h>

#include <string>

#include "dataplane/flow/bindings.h"
#include "tests/support/frame.h"

namespace sluice::test {
namespace {

Address v4(uint32_t number) {
  const uint8_t bytes[4] = {198, 51, static_cast<uint8_t>(number >> 8), static_cast<uint8_t>(number)};
  return Address::from_v4(bytes);
}
Address v6(uint8_t number) {
  const uint8_t bytes[16] = {0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, number};
  return Address::from_v6(bytes);
}

const Address kSite{};

TEST(TimedSet, HoldsUntilItsTime) {
  TimedSet set;
  ASSERT_TRUE(set.create(16));
  EXPECT_FALSE(set.has(7, 0));
  set.put(7, 100, 0);
  EXPECT_TRUE(set.has(7, 99));
  EXPECT_FALSE(set.has(7, 100));
  set.put(7, 50, 0);
  EXPECT_TRUE(set.has(7, 99)) << "never shortened";
  EXPECT_FALSE(set.may_have(8, 0));
}

TEST(TimedSet, TheOneThatExpiresFirstGivesWayAndIsNotDenied) {
  TimedSet set;
  ASSERT_TRUE(set.create(4));
  for (uint64_t hash = 1; hash <= 4; ++hash) set.put(hash, 100 + hash, 0);
  EXPECT_FALSE(set.may_have(5, 0));
  set.put(5, 200, 0);
  EXPECT_FALSE(set.has(1, 0));
  EXPECT_TRUE(set.has(5, 0));
  EXPECT_TRUE(set.may_have(1, 100));
  EXPECT_FALSE(set.may_have(1, 101)) << "its time would be over";
  EXPECT_EQ(set.lost(), 1u);
  set.put(6, 300, 150);
  EXPECT_EQ(set.lost(), 1u) << "what has expired is no loss";
}

TEST(EchNames, AreKnownForADayAfterTheLastAnswer) {
  EchNames names;
  ASSERT_TRUE(names.create(64, 1));
  EXPECT_TRUE(names.knows("cloudflare-ech.com", 0));
  EXPECT_FALSE(names.knows("public.example", 0));
  EXPECT_FALSE(names.knows("", 0));
  for (const bool trusted : {false, true}) {
    const std::string name = trusted ? "public.example" : "other.example";
    names.learn(name, trusted, 1000);
    EXPECT_TRUE(names.knows(name, 1000 + kEchNameMs - 1));
    EXPECT_FALSE(names.knows(name, 1000 + kEchNameMs));
  }
}

TEST(EchNames, ClientsCannotPushOutWhatResolversLearnt) {
  EchNames names;
  ASSERT_TRUE(names.create(64, 1));
  names.learn("public.example", true, 0);
  for (int i = 0; i < 10'000; ++i) names.learn(std::to_string(i) + ".example", false, 1);
  EXPECT_TRUE(names.knows("public.example", 2));
}

class NameAddressesTest : public testing::Test {
 protected:
  using Fit = NameAddresses::Fit;
  void SetUp() override { ASSERT_TRUE(memory_.create(1024, 1)); }
  Fit fit(const Address& address, uint64_t now_ms = 0) {
    return memory_.fit(kSite, memory_.hash("a.example"), address, now_ms);
  }
  NameAddresses memory_;
};

TEST_F(NameAddressesTest, OnlyAnotherAddressOfAKnownNameContradicts) {
  EXPECT_EQ(fit(v4(1)), Fit::Unknown);
  memory_.learn(kSite, "a.example", v4(1), true, 60, 0);
  memory_.learn(kSite, "a.example", v4(2), true, 60, 0);
  EXPECT_EQ(fit(v4(1)), Fit::Fits);
  EXPECT_EQ(fit(v4(2)), Fit::Fits);
  EXPECT_EQ(fit(v4(3)), Fit::Contradicts);
  EXPECT_EQ(memory_.fit(kSite, memory_.hash("b.example"), v4(3), 0), Fit::Unknown);
  EXPECT_EQ(fit(v4(3), 60'000 + kBindingGraceMs), Fit::Unknown) << "too long ago to know";
}

TEST_F(NameAddressesTest, FamiliesAreKnownApart) {
  memory_.learn(kSite, "a.example", v4(1), true, 60, 0);
  EXPECT_EQ(fit(v6(1)), Fit::Unknown);
  memory_.learn(kSite, "a.example", v6(1), true, 60, 0);
  EXPECT_EQ(fit(v6(2)), Fit::Contradicts);
  EXPECT_EQ(fit(v6(1)), Fit::Fits);
}

TEST_F(NameAddressesTest, WhatOneWasToldHoldsForNobodyElse) {
  memory_.learn(v4(7), "a.example", v4(1), true, 60, 0);
  EXPECT_EQ(memory_.fit(v4(7), memory_.hash("a.example"), v4(2), 0), Fit::Contradicts);
  EXPECT_EQ(memory_.fit(v4(8), memory_.hash("a.example"), v4(2), 0), Fit::Unknown);
  EXPECT_EQ(memory_.fit(v4(8), memory_.hash("a.example"), v4(1), 0), Fit::Unknown);
}

TEST_F(NameAddressesTest, HintsFitAndMakeNothingKnown) {
  memory_.learn(kSite, "a.example", v4(1), false, 60, 0);
  EXPECT_EQ(fit(v4(1)), Fit::Fits);
  EXPECT_EQ(fit(v4(2)), Fit::Unknown);
  memory_.learn(kSite, "a.example", v4(2), true, 60, 0);
  EXPECT_EQ(fit(v4(1)), Fit::Fits);
  EXPECT_EQ(fit(v4(3)), Fit::Contradicts);
}

TEST_F(NameAddressesTest, WhereAnyMayFitNothingContradicts) {
  memory_.learn(kSite, "a.example", v4(1), true, 60, 0);
  memory_.learn_any(kSite, "a.example", 60, 0);
  EXPECT_EQ(fit(v4(2)), Fit::Fits);
}

TEST(NameAddresses, ALostAddressContradictsNothing) {
  NameAddresses memory;
  ASSERT_TRUE(memory.create(256, 1));
  for (uint32_t i = 0; i < 20'000; ++i) {
    const std::string name = std::to_string(i % 300) + ".example";
    memory.learn(kSite, name, v4(i), true, 60, i);
    EXPECT_NE(memory.fit(kSite, memory.hash(name), v4(i), i), NameAddresses::Fit::Contradicts);
    EXPECT_NE(memory.fit(kSite, memory.hash(name), v4(i < 300 ? i : i - 300), i),
              NameAddresses::Fit::Contradicts)
        << i;
  }
  EXPECT_GT(memory.lost(), 0u);
}

}  // namespace
}  // namespace sluice::test
