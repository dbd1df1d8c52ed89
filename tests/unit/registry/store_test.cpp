// registry tests: who held an address at a moment, and when nobody says so.
#include "control/registry/store.h"

#include <gtest/gtest.h>

#include "control/policy/prefix.h"

namespace sluice::control {
namespace {

constexpr int64_t kSecond = 1'000'000'000, kHour = 3600 * kSecond;
constexpr int64_t kNow = 1'795'406'706 * kSecond;
constexpr Mac kMac1 = 0x020000000001, kMac2 = 0x020000000002, kRouter = 0x0200000000ff;

Address address(const std::string& text) {
  Address out;
  EXPECT_TRUE(parse_address(text, out)) << text;
  return out;
}
HoldingKey key(const std::string& text) {
  return {address(text), 0};
}

struct StoreTest : testing::Test {
  HoldingStore store{7};
  Who out;

  Refused add(HoldingSource source, const HoldingKey& of, const std::string& user,
              const std::string& machine = "", Mac mac = 0, int64_t from = kNow - kHour,
              int64_t until = kNow + kHour) {
    Holding holding{from, until, user, machine, mac};
    holding.source = source;
    return store.add(of, holding, kNow);
  }
  std::string user(const std::string& of, Mac mac = 0, int64_t at = kNow, bool shared = false) {
    store.who({address(of), mac, at, shared}, out);
    return out.user;
  }
};
using enum HoldingSource;

TEST_F(StoreTest, NobodyIsKnown) {
  EXPECT_EQ(user("10.20.1.7", kMac1), "");
  EXPECT_EQ(out.why, NoUser::None);
}

TEST_F(StoreTest, HoldsFromItsBeginningUntilBeforeItsEnd) {
  add(Radius, key("10.20.1.7"), "li.wei", "", 0, kNow - 10, kNow + 10);
  EXPECT_EQ(user("10.20.1.7", 0, kNow - 11), "");
  EXPECT_EQ(user("10.20.1.7", 0, kNow - 10), "li.wei");
  EXPECT_EQ(user("10.20.1.7", 0, kNow + 9), "li.wei");
  EXPECT_EQ(user("10.20.1.7", 0, kNow + 10), "");
}

TEST_F(StoreTest, TwoUsersOfOneSourceAreAmbiguous) {
  add(Radius, key("10.20.1.7"), "li.wei");
  add(Radius, key("10.20.1.7"), "wang.min", "", 0, kNow - 10);
  EXPECT_EQ(user("10.20.1.7"), "");
  EXPECT_EQ(out.why, NoUser::Ambiguous);
  EXPECT_EQ(user("10.20.1.7", 0, kNow - 11), "li.wei");
}

TEST_F(StoreTest, TheHigherSourceDecidesAndTableAndUsersAreOne) {
  add(Table, key("10.20.1.7"), "table");
  EXPECT_EQ(user("10.20.1.7"), "table");
  add(Users, key("10.20.1.7"), "users");
  EXPECT_EQ(user("10.20.1.7"), "");
  add(Radius, key("10.20.1.7"), "radius");
  EXPECT_EQ(user("10.20.1.7"), "radius");
  add(Api, key("10.20.1.7"), "api");
  EXPECT_EQ(user("10.20.1.7"), "api");
}

TEST_F(StoreTest, TheNewerBindingOfTheApiEndsTheOlder) {
  add(Api, key("10.20.1.7"), "li.wei", "", 0, kNow - 20);
  add(Api, key("10.20.1.7"), "wang.min", "", 0, kNow - 10);
  EXPECT_EQ(user("10.20.1.7", 0, kNow - 11), "li.wei");
  EXPECT_EQ(user("10.20.1.7"), "wang.min");
}

TEST_F(StoreTest, AnOlderOneThatComesLateEndsWhereTheNewerBegins) {
  add(Api, key("10.20.1.7"), "wang.min", "", 0, kNow - 10);
  add(Api, key("10.20.1.7"), "li.wei", "", 0, kNow - 20);
  EXPECT_EQ(user("10.20.1.7", 0, kNow - 11), "li.wei");
  EXPECT_EQ(user("10.20.1.7"), "wang.min");
}

TEST_F(StoreTest, MachineOfALeaseHasTheUserOfItsMac) {
  add(Lease, key("10.20.1.7"), "", "pc-7", kMac1);
  add(Table, {{}, kMac1}, "li.wei");
  EXPECT_EQ(user("10.20.1.7"), "li.wei");
  EXPECT_EQ(out.machine, "pc-7");
  EXPECT_EQ(user("10.20.1.7", kMac1), "li.wei");
}

TEST_F(StoreTest, AnotherMachineAtTheAddressHasNeitherUserNorName) {
  add(Lease, key("10.20.1.7"), "", "pc-7", kMac1);
  add(Radius, key("10.20.1.7"), "li.wei", "", kMac1);
  EXPECT_EQ(user("10.20.1.7", kMac1), "li.wei");
  EXPECT_EQ(user("10.20.1.7", kMac2), "");
  EXPECT_EQ(out.machine, "");
  EXPECT_EQ(out.why, NoUser::Ambiguous);
}

TEST_F(StoreTest, ASessionWithoutItsStopDoesNotOutliveANewerLease) {
  add(Lease, key("10.20.1.7"), "", "pc-7", kMac1, kNow - 100);
  add(Radius, key("10.20.1.7"), "li.wei", "", kMac1, kNow - 100);
  add(Lease, key("10.20.1.7"), "", "pc-8", kMac2, kNow - 10);
  EXPECT_EQ(user("10.20.1.7", 0, kNow - 11), "li.wei");
  EXPECT_EQ(user("10.20.1.7"), "");
  EXPECT_EQ(out.why, NoUser::Ambiguous);
  EXPECT_EQ(out.machine, "pc-8");
}

TEST_F(StoreTest, TemporaryAddressIsOfTheMachineOfItsMac) {
  add(Lease, key("10.20.1.7"), "", "pc-7", kMac1);
  add(Users, key("10.20.1.7"), "li.wei");
  EXPECT_EQ(user("fd12::1234", kMac1), "li.wei");
  EXPECT_EQ(out.machine, "pc-7");
  EXPECT_EQ(user("fd12::1234", kMac2), "");
  EXPECT_EQ(user("fd12::1234"), "");
}

TEST_F(StoreTest, TemporaryAddressIsFoundByNdWhereTheFrameDoesNotTell) {
  add(Lease, key("10.20.1.7"), "", "pc-7", kMac1);
  add(Users, key("10.20.1.7"), "li.wei");
  add(Neighbour, key("fd12::1234"), "", "", kMac1);
  EXPECT_EQ(user("fd12::1234"), "li.wei");
}

TEST_F(StoreTest, AMachineWithAddressesOfTwoPeopleIsAmbiguous) {
  for (const char* one : {"10.20.1.7", "10.20.1.8"}) {
    add(Neighbour, key(one), "", "", kMac1);
    add(Users, key(one), one);
  }
  EXPECT_EQ(user("fd12::1234", kMac1), "");
  EXPECT_EQ(out.why, NoUser::Ambiguous);
}

TEST_F(StoreTest, AnIpv4AddressThatNobodySaysIsTheMachinesGetsNoUserOfItsOthers) {
  add(Neighbour, key("10.20.1.7"), "", "", kRouter);
  add(Users, key("10.20.1.7"), "li.wei");
  EXPECT_EQ(user("10.30.0.1", kRouter), "");
  add(Neighbour, key("10.20.1.9"), "", "", kRouter);
  EXPECT_EQ(user("10.20.1.9", kRouter), "li.wei");
}

TEST_F(StoreTest, ARoutersMacNamesNobody) {
  add(Table, {{}, kRouter}, "li.wei");
  add(Lease, key("10.30.0.200"), "", "pc-200", kMac2);
  add(Table, {{}, kMac2}, "wang.min");
  for (size_t i = 0; i < kRouterAddresses; ++i)
    EXPECT_EQ(user("10.30.0." + std::to_string(1 + i), kRouter), "li.wei");
  EXPECT_EQ(user("10.30.0.100", kRouter), "");
  EXPECT_EQ(user("10.30.0.1", kRouter), "");
  EXPECT_EQ(user("fd12::1", kRouter), "");
  EXPECT_EQ(user("10.30.0.200", kRouter), "wang.min");  // whose lease says who it is behind the router
  EXPECT_TRUE(store.is_router(kRouter, kNow));
  // A week without so many addresses, and it is a machine's again.
  EXPECT_EQ(user("fd12::1", kRouter, kNow + 2 * kRouterHoldsNs), "");
  EXPECT_FALSE(store.is_router(kRouter, kNow + 2 * kRouterHoldsNs));
}

TEST_F(StoreTest, AddressesOfManyDaysMakeNoRouter) {
  for (int day = 0; day < 60; ++day)
    (void)store.note_sighting(kMac1, address("10.20.2." + std::to_string(day)), kNow + day * 26 * kHour);
  EXPECT_FALSE(store.is_router(kMac1, kNow));
}

TEST_F(StoreTest, SharedAddressHasAMachineAndNoUser) {
  add(Api, key("10.20.240.5"), "li.wei", "citrix-1");
  EXPECT_EQ(user("10.20.240.5", 0, kNow, true), "");
  EXPECT_EQ(out.machine, "citrix-1");
  EXPECT_EQ(out.why, NoUser::Shared);
}

TEST_F(StoreTest, WhatCannotBeIsRefusedAndCounted) {
  EXPECT_EQ(add(Radius, key("10.20.1.7"), "a", "", 0, kNow + kClockSlackNs + 1, kNow + kHour),
            Refused::Future);
  EXPECT_EQ(add(Radius, key("10.20.1.7"), "a", "", 0, kNow, kNow - 1), Refused::Backwards);
  EXPECT_EQ(add(Radius, key("10.20.1.7"), std::string(kMaxIdentityName + 1, 'x')), Refused::LongName);
  EXPECT_EQ(add(Radius, key("10.20.1.7"), std::string(4096, 'x')), Refused::LongName);
  EXPECT_EQ(add(Lease, key("10.20.1.7"), ""), Refused::Nothing);
  EXPECT_EQ(add(Table, key("10.20.1.7"), "a", "", 0, kNow + kHour, kNow + 2 * kHour), Refused::No);
  EXPECT_EQ(store.refused(Refused::Future), 1u);
  EXPECT_EQ(store.refused(Refused::Backwards), 1u);
  EXPECT_EQ(store.refused(Refused::LongName), 2u);
  EXPECT_EQ(store.refused(Refused::Nothing), 1u);
}

TEST_F(StoreTest, AnyBytesAreAName) {
  const std::string name("<b>\n\0\xff\"", 8);
  add(Radius, key("10.20.1.7"), name);
  EXPECT_EQ(user("10.20.1.7"), name);
}

TEST_F(StoreTest, AFullAddressForgetsWhatEndedFirstAndElseRefuses) {
  for (size_t i = 0; i < kMaxHoldingsOfOne; ++i)
    EXPECT_EQ(add(Radius, key("10.20.1.7"), "u" + std::to_string(i), "", 0, kNow - kHour,
                  i == 0 ? kNow - 1 : kNow + kHour),
              Refused::No);
  EXPECT_EQ(add(Radius, key("10.20.1.7"), "one.more"), Refused::No);
  EXPECT_EQ(add(Radius, key("10.20.1.7"), "two.more"), Refused::Full);
  EXPECT_EQ(store.size(), kMaxHoldingsOfOne);
}

std::vector<SaidHolding> said(std::vector<std::tuple<std::string, std::string, Mac>> rows) {
  std::vector<SaidHolding> out;
  for (const auto& [of, machine, mac] : rows) {
    SaidHolding one{key(of), {kNow - kHour, kNow + kHour, "", machine, mac}, true};
    one.holding.source = Lease;
    out.push_back(one);
  }
  return out;
}

TEST_F(StoreTest, ReplacedWhatIsNotSaidAnyMoreEndsAndIsRemembered) {
  store.replace(Lease, 0, said({{"10.20.1.7", "pc-7", kMac1}, {"10.20.1.8", "pc-8", kMac2}}), true, kNow);
  add(Table, {{}, kMac1}, "li.wei");
  store.replace(Lease, 0, said({{"10.20.1.8", "pc-8", kMac2}}), true, kNow + 10);
  EXPECT_EQ(user("10.20.1.7", 0, kNow + 9), "li.wei");
  EXPECT_EQ(user("10.20.1.7", 0, kNow + 10), "");
  EXPECT_EQ(store.held(Lease), 2u);
}

TEST_F(StoreTest, ReplacedByHalfAFileNothingEnds) {
  store.replace(Lease, 0, said({{"10.20.1.7", "pc-7", kMac1}, {"10.20.1.8", "pc-8", kMac2}}), true, kNow);
  store.replace(Lease, 0, said({{"10.20.1.9", "pc-9", kRouter}}), false, kNow + 10);
  for (const char* one : {"10.20.1.7", "10.20.1.8", "10.20.1.9"}) {
    (void)user(one, 0, kNow + 20);
    EXPECT_EQ(out.machine, std::string("pc-") + one[8]);
  }
}

TEST_F(StoreTest, ReplacedByTheSameNothingChanges) {
  const auto same = said({{"10.20.1.7", "pc-7", kMac1}});
  for (int i = 0; i < 3; ++i) store.replace(Lease, 0, same, true, kNow + i);
  EXPECT_EQ(store.size(), 1u);
}

TEST_F(StoreTest, ReplacedOneWithoutABeginningGoesOnFromItsFirst) {
  auto rows = said({{"10.20.1.7", "pc-7", kMac1}});
  rows[0].from_said = false;
  rows[0].holding.from_ns = kNow;
  store.replace(Lease, 0, rows, true, kNow);
  rows[0].holding.from_ns = kNow + 60 * kSecond;
  rows[0].holding.until_ns = kNow + 2 * kHour;
  store.replace(Lease, 0, rows, true, kNow + 60 * kSecond);
  EXPECT_EQ(store.size(), 1u);
  (void)user("10.20.1.7", 0, kNow + 1);
  EXPECT_EQ(out.machine, "pc-7");
  (void)user("10.20.1.7", 0, kNow + 2 * kHour - 1);
  EXPECT_EQ(out.machine, "pc-7");
}

TEST_F(StoreTest, PrunedWhatEndedLongAgoIsForgotten) {
  add(Radius, key("10.20.1.7"), "li.wei", "", kMac1, kNow - 2 * kHour, kNow - kHour);
  add(Radius, key("10.20.1.8"), "wang.min", "", kMac2);
  store.prune(kNow);
  EXPECT_EQ(store.size(), 2u);
  store.prune(kNow - kHour + kEndedKeptNs + 1);
  EXPECT_EQ(store.size(), 1u);
  EXPECT_TRUE(store.find({{}, kMac1}, 0).empty());
}

TEST_F(StoreTest, PrunedThenFilledAgainWorks) {
  for (int i = 0; i < 1000; ++i) {
    add(Neighbour, key("10.20.1." + std::to_string(i % 250)), "", "", kMac1 + static_cast<Mac>(i), kNow + i,
        kNow + i + 5);
    if (i % 50 == 0) store.prune(kNow + i + kEndedKeptNs);
  }
  EXPECT_LE(store.size(), 1000u);
  EXPECT_EQ(store.held(Neighbour), store.size());
}

}  // namespace
}  // namespace sluice::control
