// report tests: what lines add up to, and which of them are one incident.
#include <nlohmann/json.hpp>

#include "control/report/essential_flows.h"
#include "tests/unit/report/report_log.h"

namespace sluice::control {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr double kDayS = 86'400, kMonthBeginS = -22 * kDayS - 12 * 3600 - 5 * 60 - 6;  // from kNow

struct FiguresTest : ReportLog {
  /// The end of a flow.
  json& flow(double at_s, const std::string& name, uint64_t up, uint64_t down) {
    end(at_s, "10.20.1.7", name, up, down);
    return written.back();
  }
  static Figures::Bytes of(const Figures& figures, ByteClass which) {
    return figures.bytes[static_cast<size_t>(which)];
  }
};

TEST_F(FiguresTest, BytesGoToTheFirstClassThatFits) {
  ruled(-1, "10.20.1.7", "erp.example", "allowed", "essential")["event"]["id"] = "b-0-1";
  ruled(-1, "10.20.1.7", "erp.example", "allowed", "essential")["event"]["id"] = "b-0-2";
  flow(0, "erp.example", 1, 10)["sluice"]["access"] = "b-0-1";
  flow(1, "news.example", 2, 20)["sluice"]["access"] = "b-0-9";
  flow(2, "", 4, 40);
  json& office = flow(3, "erp.example", 8, 80);  // opened by name, and at an office
  office["sluice"]["access"] = "b-0-2";
  office["destination"]["ip"] = "10.64.0.9";
  json& inbound = flow(4, "", 100, 16);  // an office opens it: what it sends comes from the line
  inbound["network"]["direction"] = "inbound";
  inbound["source"]["ip"] = "10.64.0.10";
  inbound["destination"]["ip"] = "10.20.250.1";
  const Figures found = figures();
  EXPECT_EQ(of(found, ByteClass::Essentials).up, 1U);
  EXPECT_EQ(of(found, ByteClass::Essentials).down, 10U);
  EXPECT_EQ(of(found, ByteClass::Names).down, 20U);
  EXPECT_EQ(of(found, ByteClass::Unnamed).up, 4U);
  EXPECT_EQ(of(found, ByteClass::Offices).up, 8U + 16U);
  EXPECT_EQ(of(found, ByteClass::Offices).down, 80U + 100U);
}

TEST_F(FiguresTest, AFlowThatGoesOnStaysEssential) {
  ruled(0, "10.20.1.7", "erp.example", "allowed", "essential")["event"]["id"] = "b-0-1";
  json& on = flow(1, "erp.example", 1, 10);
  on["event"]["id"] = "b-0-5";
  on["sluice"]["ended"] = "continues";
  on["sluice"]["access"] = "b-0-1";
  flow(2, "erp.example", 2, 20)["sluice"]["access"] = "b-0-5";
  flow(3, "erp.example", 4, 40)["sluice"]["access"] = "b-0-5";  // has ended already
  const Figures found = figures();
  EXPECT_EQ(of(found, ByteClass::Essentials).down, 30U);
  EXPECT_EQ(of(found, ByteClass::Names).down, 40U);
}

TEST(EssentialFlows, KnowTheRepeatsThatOneLineStandsFor) {
  EssentialFlows flows;
  AccessFields access;
  access.action = "allowed";
  access.reason = "rule";
  access.domain = "erp.example";
  access.id = "b-0-1";
  access.folded = "3,5-7,18446744073709551615";
  access.count = 6;
  flows.add_access(access);
  AccessFields end;
  for (const char* id : {"b-0-1", "b-0-3", "b-0-5", "b-0-7", "b-0-18446744073709551615"}) {
    end.access = id;
    EXPECT_TRUE(flows.take_end(end)) << id;
    EXPECT_FALSE(flows.take_end(end)) << id;
  }
  for (const char* id : {"", "b-0-4", "b-0-8"}) {
    end.access = id;
    EXPECT_FALSE(flows.take_end(end)) << id;
  }
  EXPECT_EQ(flows.forgotten(), 0U);
}

TEST(EssentialFlows, RepeatsOfAnyFormAreBounded) {
  for (const char* folded :
       {"1-18446744073709551615", "-", "3-", "9-3", ",", "x", "3,,4", "99999999999999999999"}) {
    EssentialFlows flows(16);
    AccessFields access;
    access.action = "allowed";
    access.reason = "rule";
    access.domain = "erp.example";
    access.id = "b-0-1";
    access.folded = folded;
    access.count = 100;
    flows.add_access(access);
    EXPECT_LE(flows.forgotten(), EssentialFlows::kMaxRepeats + 100) << folded;
  }
}

TEST(EssentialFlows, TheOldestAreForgottenAndCounted) {
  EssentialFlows flows(4);
  AccessFields access;
  access.action = "allowed";
  access.reason = "rule";
  access.domain = "erp.example";
  for (const char* id : {"b-0-1", "b-0-2", "b-0-3", "b-0-4", "b-0-5"}) {
    access.id = id;
    flows.add_access(access);
  }
  EXPECT_EQ(flows.forgotten(), 2U);
  AccessFields end;
  end.access = "b-0-1";
  EXPECT_FALSE(flows.take_end(end));
  end.access = "b-0-5";
  EXPECT_TRUE(flows.take_end(end));
}

TEST_F(FiguresTest, WithoutAnOfficeItIsEssentialNamedOrUnnamed) {
  AccessFields fields;
  fields.destination_ip = "198.51.100.9";
  fields.domain = "a.example";
  EXPECT_EQ(byte_class_of(fields, {}, true), ByteClass::Essentials);
  EXPECT_EQ(byte_class_of(fields, {}, false), ByteClass::Names);
  fields.domain = {};
  EXPECT_EQ(byte_class_of(fields, {}, false), ByteClass::Unnamed);
  fields.destination_ip = "no address";
  EXPECT_EQ(byte_class_of(fields, {}, false), ByteClass::Unnamed);
}

TEST_F(FiguresTest, AccessesByHourAndDayOfTheSite) {
  access(0, "10.20.1.7", "a.example");                                 // the 23rd, 12:05
  ruled(12 * 3600, "10.20.1.7", "bet.example", "blocked", "no-bets");  // the 24th, 00:05
  access(13 * 3600, "10.20.1.7", "a.example")["event"]["count"] = 3;   // the 24th, 01:05
  const Figures found = figures();
  EXPECT_EQ(found.all.accesses, 5U);
  EXPECT_EQ(found.all.blocked, 1U);
  EXPECT_EQ(found.days.size(), 30U);
  EXPECT_EQ(found.days[22].accesses, 1U);
  EXPECT_EQ(found.days[23].accesses, 4U);
  EXPECT_EQ(found.days[23].blocked, 1U);
  EXPECT_EQ(found.hours[12].accesses, 1U);
  EXPECT_EQ(found.hours[0].blocked, 1U);
  EXPECT_EQ(found.hours[1].accesses, 3U);
  ASSERT_EQ(found.rules.rows.size(), 2U);
  EXPECT_EQ(found.rules.rows[0].key, "(default)");
  EXPECT_EQ(found.rules.rows[1].key, "no-bets");
  ASSERT_EQ(found.blocked_names.rows.size(), 1U);
  EXPECT_EQ(found.blocked_names.rows[0].key, "bet.example");
}

TEST_F(FiguresTest, OnlyTheMonthCounts) {
  access(kMonthBeginS - 1, "10.20.1.7", "before.example");
  access(kMonthBeginS, "10.20.1.7", "first.example");
  access(kMonthBeginS + 30 * kDayS - 0.000001, "10.20.1.7", "last.example");
  access(kMonthBeginS + 30 * kDayS, "10.20.1.7", "after.example");
  const Figures found = figures();
  EXPECT_EQ(found.all.accesses, 2U);
  EXPECT_EQ(found.days.front().accesses, 1U);
  EXPECT_EQ(found.days.back().accesses, 1U);
}

TEST_F(FiguresTest, TunnelsAndUnregisteredSources) {
  access(0, "10.20.1.7", "", "blocked", "tunnel")["network"]["protocol"] = "wireguard";
  access(1, "10.99.1.7", "a.example", "blocked", "unregistered-source");
  access(2, "10.99.1.7", "b.example", "blocked", "unregistered-source");
  const Figures found = figures();
  EXPECT_EQ(found.tunnel_attempts.accesses, 1U);
  EXPECT_EQ(found.tunnels.rows.at(0).key, "wireguard");
  EXPECT_EQ(found.unregistered_accesses.blocked, 2U);
  EXPECT_EQ(found.unregistered.rows.at(0).key, "10.99.1.7");
  EXPECT_EQ(found.unregistered.rows.at(0).count.others, 2U);
}

TEST_F(FiguresTest, TheSumStandsForTheFigures) {
  access(0, "10.20.1.7", "a.example");
  const std::string sum = figures_sha256(figures());
  EXPECT_EQ(sum, figures_sha256(figures()));
  access(1, "10.20.1.7", "a.example");
  EXPECT_NE(sum, figures_sha256(figures()));
}

TEST_F(FiguresTest, HalfAnHourOfQuietDividesIncidents) {
  const auto bet = [&](double at_s, const std::string& who) -> json& {
    return ruled(at_s, who, "bet.example", "blocked", "no-bets");
  };
  bet(0, "10.20.1.7");
  bet(1800, "10.20.1.7")["event"]["count"] = 2;
  bet(1801, "10.20.1.8");
  bet(3600.5, "10.20.1.7");  // more than half an hour after the last one
  ruled(3601, "10.20.1.7", "ads.example", "blocked", "no-ads");
  ruled(3602, "10.20.1.7", "bet.example", "allowed", "no-bets");
  const Figures found = figures();
  ASSERT_EQ(found.incidents.size(), 3U);
  EXPECT_EQ(found.incidents[0].who, "10.20.1.7");
  EXPECT_EQ(found.incidents[0].accesses, 3U);
  EXPECT_EQ(found.incidents[0].last_ns - found.incidents[0].first_ns, 1800 * kSecond);
  EXPECT_THAT(found.incidents[0].asked, ElementsAre("bet.example"));
  EXPECT_EQ(found.incidents[1].who, "10.20.1.8");
  EXPECT_EQ(found.incidents[2].accesses, 1U);
}

TEST_F(FiguresTest, WhoIsKnownByNameIsOnePersonWhereverTheySit) {
  ruled(0, "10.20.1.7", "bet.example", "blocked", "no-bets")["user"] = {{"name", "li.wei"}};
  ruled(1, "10.20.1.8", "bet.example", "blocked", "no-bets")["user"] = {{"name", "li.wei"}};
  const Figures found = figures();
  ASSERT_EQ(found.incidents.size(), 1U);
  EXPECT_EQ(found.incidents[0].who, "li.wei");
}

TEST_F(FiguresTest, WhatIsOnlyObservedIsAnIncidentToo) {
  ruled(0, "10.20.1.7", "bet.example", "observed", "no-bets")["sluice"]["would"] = "blocked";
  ruled(0, "10.20.1.8", "bet.example", "observed", "no-bets")["sluice"]["would"] = "allowed";
  EXPECT_EQ(figures().incidents.size(), 1U);
}

TEST_F(FiguresTest, AnIncidentHasOneIdWhicheverTimeIsRead) {
  ruled(kMonthBeginS - 60, "10.20.1.7", "bet.example", "blocked", "no-bets");
  ruled(kMonthBeginS + 60, "10.20.1.7", "bet.example", "blocked", "no-bets");
  ruled(kMonthBeginS + 7200, "10.20.1.7", "bet.example", "blocked", "no-bets");
  const Figures november = figures(), october = figures("2026-10");
  ASSERT_EQ(november.incidents.size(), 1U) << "the first one began in October";
  ASSERT_EQ(october.incidents.size(), 1U);
  const int64_t first_ns = november.incidents[0].first_ns;
  Figures again;
  ASSERT_EQ(find_incidents(log, first_ns, first_ns + kSecond, terms(), {}, again), "");
  ASSERT_EQ(again.incidents.size(), 1U);
  EXPECT_EQ(again.incidents[0].id, november.incidents[0].id);
}

TEST_F(FiguresTest, LinesALittleOutOfOrderAreOneIncidentThatBeginsWithTheFirst) {
  ruled(2, "10.20.1.7", "bet.example", "blocked", "no-bets");
  ruled(0, "10.20.1.7", "bet.example", "blocked", "no-bets");
  const Figures found = figures();
  ASSERT_EQ(found.incidents.size(), 1U);
  EXPECT_EQ(found.incidents[0].first_ns, kNow);
}

TEST_F(FiguresTest, AnEmptyMonthAndALogThatIsNotThere) {
  open();
  const Figures found = figures();
  EXPECT_EQ(found.all.accesses, 0U);
  EXPECT_THAT(found.incidents, IsEmpty());
  Figures none;
  EXPECT_NE(find_figures(root / "nowhere", month_of("2026-11").value(), terms(), {}, none), "");
}

TEST_F(FiguresTest, IncidentsBeyondTheMostAreCounted) {
  IncidentFinder finder({"no-bets"});
  UsageLine line;
  line.fields.action = "blocked";
  line.fields.rule = "no-bets";
  for (size_t i = 0; i < IncidentFinder::kMaxIncidents + 5; ++i) {
    const std::string who = std::to_string(i);
    line.fields.source_ip = who;
    line.time_ns = kNow;
    finder.add(line);
  }
  EXPECT_EQ(finder.left_out(), 5U);
  EXPECT_EQ(finder.take(kNow, kNow + 1).size(), IncidentFinder::kMaxIncidents);
}

}  // namespace
}  // namespace sluice::control
