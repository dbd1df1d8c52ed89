// registry tests: sessions begin, go on, end, and are told of twice.
#include "control/registry/sessions.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "control/policy/prefix.h"

namespace sluice::control {
namespace {

constexpr int64_t kSecond = 1'000'000'000, kAge = 3600 * kSecond;
constexpr int64_t kNow = 1'795'406'706 * kSecond;
constexpr Mac kMac1 = 0x020000000001;

Address address(const std::string& text) {
  Address out;
  EXPECT_TRUE(parse_address(text, out)) << text;
  return out;
}

struct SessionsTest : testing::Test {
  HoldingStore store{7};
  RadiusSessions sessions{store};
  const Address client = address("10.20.0.2"), other = address("10.20.0.3");

  static RadiusRequest request(RadiusStatus status, const std::string& user, const std::string& id,
                               const std::string& at = "10.20.1.7") {
    RadiusRequest out;
    out.status = status;
    out.user = user;
    out.session = id;
    if (!at.empty()) out.addresses.push_back(address(at));
    return out;
  }
  std::string user(int64_t at, const std::string& of = "10.20.1.7", Mac mac = 0) {
    Who out;
    store.who({address(of), mac, at, false}, out);
    return out.user + (out.why == NoUser::Ambiguous ? "?" : "");
  }
};

TEST_F(SessionsTest, HoldsFromStartToStop) {
  EXPECT_FALSE(sessions.take(client, request(RadiusStatus::Start, "li.wei", "s"), kAge, kNow));
  EXPECT_EQ(user(kNow - 1), "");
  EXPECT_EQ(user(kNow + kAge - 1), "li.wei");
  EXPECT_EQ(user(kNow + kAge), "");
  EXPECT_TRUE(sessions.take(client, request(RadiusStatus::Stop, "li.wei", "s"), kAge, kNow + kSecond));
  EXPECT_EQ(user(kNow + kSecond - 1), "li.wei");
  EXPECT_EQ(user(kNow + kSecond), "");
}

TEST_F(SessionsTest, InterimUpdatesLetItGoOn) {
  sessions.take(client, request(RadiusStatus::Start, "li.wei", "s"), kAge, kNow);
  sessions.take(client, request(RadiusStatus::Interim, "li.wei", "s"), kAge, kNow + kAge / 2);
  EXPECT_EQ(user(kNow + kAge + 1), "li.wei");
  EXPECT_EQ(store.size(), 1u);
}

TEST_F(SessionsTest, ToldOfTwiceNothingChanges) {
  for (int i = 0; i < 2; ++i) sessions.take(client, request(RadiusStatus::Start, "li.wei", "s"), kAge, kNow);
  EXPECT_EQ(store.size(), 1u);
  for (int i = 0; i < 2; ++i)
    sessions.take(client, request(RadiusStatus::Stop, "li.wei", "s"), kAge, kNow + i);
  EXPECT_EQ(user(kNow), "");
}

TEST_F(SessionsTest, AStartThatComesAfterItsStopDoesNotBringItBack) {
  sessions.take(client, request(RadiusStatus::Stop, "li.wei", "s"), kAge, kNow);
  sessions.take(client, request(RadiusStatus::Start, "li.wei", "s"), kAge, kNow + 1);
  EXPECT_EQ(user(kNow + 2), "");
  sessions.take(client, request(RadiusStatus::Start, "li.wei", "t"), kAge, kNow);
  sessions.take(client, request(RadiusStatus::Stop, "li.wei", "t"), kAge, kNow + 1);
  sessions.take(client, request(RadiusStatus::Start, "li.wei", "t"), kAge, kNow + 2);
  EXPECT_EQ(user(kNow + 3), "");
}

TEST_F(SessionsTest, TheDelayTellsWhenItWas) {
  RadiusRequest late = request(RadiusStatus::Start, "li.wei", "s");
  late.delay_s = 10;
  sessions.take(client, late, kAge, kNow);
  EXPECT_EQ(user(kNow - 10 * kSecond), "li.wei");
  late.delay_s = UINT32_MAX;
  late.session = "t";
  sessions.take(client, late, kAge, kNow);
  EXPECT_EQ(user(kNow - 11 * kSecond), "");
}

TEST_F(SessionsTest, TwoPeopleAtOnceAreAmbiguousUntilOneStops) {
  sessions.take(client, request(RadiusStatus::Start, "li.wei", "s"), kAge, kNow);
  sessions.take(other, request(RadiusStatus::Start, "wang.min", "s"), kAge, kNow + 10);
  EXPECT_EQ(user(kNow + 9), "li.wei");
  EXPECT_EQ(user(kNow + 10), "?");
  sessions.take(client, request(RadiusStatus::Stop, "li.wei", "s"), kAge, kNow + 20);
  EXPECT_EQ(user(kNow + 20), "wang.min");
}

TEST_F(SessionsTest, AClientThatBeginsAnewHasNoSession) {
  sessions.take(client, request(RadiusStatus::Start, "li.wei", "s"), kAge, kNow);
  sessions.take(other, request(RadiusStatus::Start, "wang.min", "s", "10.20.1.8"), kAge, kNow);
  sessions.take(client, request(RadiusStatus::On, "", "", ""), kAge, kNow + 10);
  EXPECT_EQ(user(kNow + 10), "");
  EXPECT_EQ(user(kNow + 10, "10.20.1.8"), "wang.min");
}

TEST_F(SessionsTest, OneThatMovesLeavesItsAddress) {
  sessions.take(client, request(RadiusStatus::Start, "li.wei", "s"), kAge, kNow);
  sessions.take(client, request(RadiusStatus::Interim, "li.wei", "s", "10.20.1.8"), kAge, kNow + 10);
  EXPECT_EQ(user(kNow + 9), "li.wei");
  EXPECT_EQ(user(kNow + 10), "");
  EXPECT_EQ(user(kNow + 10, "10.20.1.8"), "li.wei");
  sessions.take(client, request(RadiusStatus::Stop, "li.wei", "s"), kAge, kNow + 20);
  EXPECT_EQ(user(kNow + 20, "10.20.1.8"), "");
}

TEST_F(SessionsTest, APortKnowsTheMachineOnly) {
  RadiusRequest port = request(RadiusStatus::Start, "li.wei", "s", "");
  port.mac = kMac1;
  sessions.take(client, port, kAge, kNow);
  EXPECT_EQ(user(kNow, "10.20.1.9", kMac1), "li.wei");
  port.status = RadiusStatus::Stop;
  sessions.take(client, port, kAge, kNow + 10);
  EXPECT_EQ(user(kNow + 10, "10.20.1.9", kMac1), "");
}

TEST_F(SessionsTest, AMachineThatLogsInItselfIsNoPerson) {
  sessions.take(client, request(RadiusStatus::Start, "host/pc-7.corp.example", "s"), kAge, kNow);
  Who out;
  store.who({address("10.20.1.7"), 0, kNow, false}, out);
  EXPECT_EQ(out.user, "");
  EXPECT_EQ(out.machine, "pc-7.corp.example");
}

TEST_F(SessionsTest, KeptAndTakenUpAgainItEnds) {
  sessions.take(client, request(RadiusStatus::Start, std::string("li\0\xff", 4), "s\xff"), kAge, kNow);
  HoldingStore store2{8};
  RadiusSessions again(store2);
  ASSERT_TRUE(again.restore(nlohmann::json::parse(sessions.to_json().dump())));
  for (const auto& each : store.all_of(HoldingSource::Radius)) store2.add(each.key, each.holding, kNow);
  EXPECT_TRUE(again.take(client, request(RadiusStatus::Stop, "", "s\xff"), kAge, kNow + 10));
  Who out;
  store2.who({address("10.20.1.7"), 0, kNow + 9, false}, out);
  EXPECT_EQ(out.user, std::string("li\0\xff", 4));
  store2.who({address("10.20.1.7"), 0, kNow + 10, false}, out);
  EXPECT_EQ(out.user, "");
}

TEST_F(SessionsTest, WhatIsNoneOfOursIsNotTakenUp) {
  EXPECT_FALSE(sessions.restore(nlohmann::json::parse(R"([{"client":1}])")));
  EXPECT_FALSE(sessions.restore("x"));
}

}  // namespace
}  // namespace sluice::control
