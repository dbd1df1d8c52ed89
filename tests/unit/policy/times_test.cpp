// tests: what holds at a time: schedules, exceptions, the terms of lines; and what networks inherit.
#include <arpa/inet.h>
#include <gtest/gtest.h>

#include <vector>

#include "tests/support/policy.h"

namespace sluice {
namespace {

using namespace std::chrono_literals;
using std::chrono::sys_days;
using std::chrono::sys_seconds;

/// A Monday.
constexpr sys_seconds kNoon = sys_days{std::chrono::year{2026} / 11 / 23} + 12h;

Address address(const char* text) {
  uint8_t bytes[16];
  EXPECT_EQ(inet_pton(AF_INET, text, bytes), 1) << text;
  return Address::from_v4(bytes);
}

struct Office {
  explicit Office(const std::string& text) : made(test::make_policy(text, 1, kNoon)) { at(kNoon); }

  bool at(sys_seconds moment) {
    return made->policy->advance(made->scratch, moment.time_since_epoch().count());
  }
  Subject web(const char* from, const char* name) const {
    return {.local = address(from),
            .remote = address("198.51.100.9"),
            .line = made->policy->line_of("l"),
            .transport = 6,
            .service_port = 443,
            .protocol = Protocol::Tls,
            .seen = Seen::Sni,
            .name = name};
  }
  Verdict judge(const char* from, const char* name) {
    return made->policy->judge(web(from, name), made->scratch);
  }
  /// Who decided: a rule's name, or the reason's word.
  std::string_view decides(const char* name, const char* from = "10.1.0.7") {
    const Verdict verdict = judge(from, name);
    return verdict.rule == kNone16 ? word_of(verdict.reason) : made->policy->rule_name(verdict.rule);
  }

  std::unique_ptr<test::TestPolicy> made;
};

const std::string kSite =
    "site: s\n"
    "lines: {l: {operator: o, licence: l, contract: c, filing: f, purpose: internal-office, valid: {from: "
    "2020-01-01, until: 2027-01-31}, on-expiry: block}}\n"
    "networks: {staff: {prefixes: [10.1.0.0/16], line: l, default: allow}}\n";
const std::string kSchedules =
    "schedules:\n"
    "  office: {days: mon-fri, hours: \"08:30-18:30\"}\n"
    "  late: {hours: \"23:00-23:30\"}\n";

TEST(Times, ARuleHoldsWithinItsSchedule) {
  Office office(kSite + kSchedules + "rules: [{name: no, to: [x.example], when: office, action: block}]\n");
  EXPECT_EQ(office.decides("x.example"), "no");
  EXPECT_FALSE(office.at(kNoon + 6h + 29min + 59s));
  EXPECT_EQ(office.decides("x.example"), "no");
  EXPECT_TRUE(office.at(kNoon + 6h + 30min));
  EXPECT_EQ(office.decides("x.example"), "default");
  EXPECT_TRUE(office.at(kNoon + 20h + 30min));  // Tuesday, 08:30
  EXPECT_EQ(office.decides("x.example"), "no");
  EXPECT_TRUE(office.at(kNoon + 5 * 24h));  // Saturday
  EXPECT_EQ(office.decides("x.example"), "default");
}

TEST(Times, AClockThatIsSetBackIsBelieved) {
  Office office(kSite + kSchedules + "rules: [{name: no, to: [x.example], when: office, action: block}]\n");
  EXPECT_TRUE(office.at(kNoon + 8h));
  EXPECT_FALSE(office.at(kNoon + 7h));
  EXPECT_TRUE(office.at(kNoon));
  EXPECT_EQ(office.decides("x.example"), "no");
}

TEST(Times, AnyOfSeveralSchedules) {
  Office office(kSite + kSchedules +
                "rules: [{name: no, to: [x.example], when: [office, late], action: block}]\n");
  for (const auto& [later, blocked] : {std::pair{0min, true}, std::pair{7 * 60min, false},
                                       std::pair{11 * 60min, true}, std::pair{11 * 60min + 30min, false}}) {
    office.at(kNoon + later);
    EXPECT_EQ(office.decides("x.example"), blocked ? "no" : "default") << later.count();
  }
}

TEST(Times, BeyondWhatIsKnownOnlyBlocksHold) {
  Office office(kSite + kSchedules +
                "rules:\n- {name: yes, to: [y.example], when: late, action: allow}\n"
                "- {name: no, to: [x.example, y.example], when: late, action: block}\n");
  for (const auto moment : {kNoon - 400 * 24h, kNoon + 732 * 24h}) {
    office.at(moment);
    Subject subject = office.web("10.1.0.7", "x.example");
    subject.line = kAnyLine;
    EXPECT_EQ(office.made->policy->rule_name(office.made->policy->judge(subject, office.made->scratch).rule),
              moment < kNoon ? "no" : "");  // later the line itself is over
  }
  office.at(kNoon - 400 * 24h);
  EXPECT_EQ(office.decides("y.example"), "no");
}

const std::string kException =
    "exceptions: [{name: audit, from: [10.1.0.7], to: [x.example], action: allow, owner: li.wei, ticket: "
    "IT-1, "
    "expires: 2026-12-31}]\nrules: [{name: no, to: [x.example], action: block}]\n";

TEST(Times, AnExceptionComesBeforeTheRulesUntilItsLastDayEnds) {
  Office office("timezone: Asia/Shanghai\n" + kSite + kException);
  EXPECT_EQ(office.decides("x.example"), "audit");
  EXPECT_EQ(office.decides("x.example", "10.1.0.8"), "no");
  const Verdict verdict = office.judge("10.1.0.7", "x.example");
  EXPECT_EQ(office.made->policy->rule_text(verdict.rule, &RuleInfo::owner), "li.wei");
  EXPECT_EQ(office.made->policy->rule_text(verdict.rule, &RuleInfo::ticket), "IT-1");
  constexpr sys_seconds kEnd = sys_days{std::chrono::year{2026} / 12 / 31} + 16h;  // midnight in Shanghai
  EXPECT_FALSE(office.at(kEnd - 1s));
  EXPECT_TRUE(office.at(kEnd));
  EXPECT_EQ(office.decides("x.example"), "no");
}

TEST(Times, AnExpiredExceptionIsKeptAndOff) {
  Office office(kSite +
                "exceptions: [{name: audit, to: [x.example], action: allow, owner: o, ticket: t, expires: "
                "2026-11-22}]\nrules: [{name: no, to: [x.example], action: block}]\n");
  EXPECT_EQ(office.decides("x.example"), "no");
  std::vector<TraceStep> steps(2);
  Trace trace{steps};
  (void)office.made->policy->judge(office.web("10.1.0.7", "x.example"), office.made->scratch, &trace);
  ASSERT_EQ(trace.count, 2u);
  EXPECT_EQ(steps[0].why, PassedOver::Expired);
  EXPECT_EQ(steps[1].why, PassedOver::Matched);
}

TEST(Times, TheTraceTellsARuleOutOfItsHoursBeforeWhatItNames) {
  Office office(kSite + kSchedules +
                "rules:\n- {name: a, to: [x.example], when: late, action: block}\n"
                "- {name: b, to: [y.example], when: late, action: block}\n"
                "- {name: c, to: [x.example], action: block}\n");
  std::vector<TraceStep> steps(3);
  Trace trace{steps};
  (void)office.made->policy->judge(office.web("10.1.0.7", "x.example"), office.made->scratch, &trace);
  ASSERT_EQ(trace.count, 3u);
  EXPECT_EQ(steps[0].why, PassedOver::Schedule);
  EXPECT_EQ(steps[1].why, PassedOver::Schedule) << "its patterns were not looked at";
  EXPECT_EQ(steps[2].why, PassedOver::Matched);
}

TEST(Times, APatternOfARuleOutOfItsHoursDecidesNothing) {
  Office office(kSite + kSchedules +
                "lists: {bet: {patterns: ['bet[0-9]+'], keywords: [casino, 'a.b']}}\n"
                "rules: [{name: no, to: [bet], when: late, action: block}]\n");
  EXPECT_EQ(office.decides("bet7.example"), "default");
  office.at(kNoon + 11h);
  for (const char* name : {"bet7.example", "my-casino.example", "casino", "x.casinos.example", "a.b.example"})
    EXPECT_EQ(office.decides(name), "no") << name;
  for (const char* name : {"bet.example", "cas-ino.example", "axb.example"})
    EXPECT_EQ(office.decides(name), "default") << name;
}

TEST(Times, AResolverMeetsNoScheduleAndIsRefusedNothingThatIsOpenAtOtherHours) {
  Office office(kSite + kSchedules +
                "resolvers: [10.1.0.10]\n"
                "exceptions: [{name: gone, to: [z.example], action: allow, owner: o, ticket: t, expires: "
                "2026-11-22}]\n"
                "rules:\n- {name: at-night, to: [x.example], when: late, action: allow}\n"
                "- {name: by-day, to: [y.example], when: office, action: block}\n"
                "- {name: no, to: [x.example, z.example], action: block}\n");
  const auto asked = [&](const char* name) {
    Subject subject = office.web("10.1.0.10", name);
    subject.protocol = Protocol::Dns;
    subject.resolver_question = true;
    return office.made->policy->judge(subject, office.made->scratch).passes();
  };
  EXPECT_TRUE(asked("x.example"));
  EXPECT_TRUE(asked("y.example"));
  EXPECT_FALSE(asked("z.example"));
}

TEST(Times, ALineIsRefusedFromTheDayAfterItsTerm) {
  Office office("timezone: Asia/Shanghai\n" + kSite);
  constexpr sys_seconds kEnd = sys_days{std::chrono::year{2027} / 1 / 31} + 16h;
  EXPECT_FALSE(office.at(kEnd - 1s));
  EXPECT_TRUE(office.judge("10.1.0.7", "x.example").passes());
  EXPECT_TRUE(office.at(kEnd));
  const Verdict verdict = office.judge("10.1.0.7", "x.example");
  EXPECT_FALSE(verdict.passes());
  EXPECT_EQ(verdict.reason, Reason::LineExpired);
  EXPECT_EQ(office.made->policy->network_name(verdict.network), "staff");
  Verdict refusal;
  EXPECT_FALSE(office.made->policy->admits(office.web("10.1.0.7", ""), office.made->scratch, refusal));
  EXPECT_EQ(refusal.reason, Reason::LineExpired);
}

TEST(Times, ALineThatOnlyWarnsGoesOn) {
  std::string text = kSite;
  text.replace(text.find("on-expiry: block"), 16, "on-expiry: warn ");
  Office office(text);
  EXPECT_FALSE(office.at(kNoon + 200 * 24h));
  EXPECT_TRUE(office.judge("10.1.0.7", "x.example").passes());
}

TEST(Times, ObservingBlocksNothingWhenTheTermIsOver) {
  Office office("mode: observe\n" + kSite);
  office.at(kNoon + 200 * 24h);
  const Verdict verdict = office.judge("10.1.0.7", "x.example");
  EXPECT_EQ(verdict.action, Action::Observed);
  EXPECT_EQ(verdict.would, Action::Blocked);
  EXPECT_EQ(verdict.reason, Reason::LineExpired);
}

/// A policy that blocks, with an hour of bypass.
struct Bypassed : Office {
  static constexpr sys_seconds kEnd = kNoon + 1h;
  Bypassed() : Office(kSite) {
    const control::Bypass bypass{kNoon.time_since_epoch().count(), kEnd.time_since_epoch().count()};
    made = test::make_policy(kSite +
                                 "lists: {bad: {names: [bad.example]}}\n"
                                 "rules: [{name: no-bad, to: [bad], action: block}]\n",
                             1, kNoon, test::read_nothing, bypass);
  }
};

TEST(Bypass, LetsEverythingPassAndShowsWhatWouldHaveBeen) {
  Bypassed office;
  EXPECT_TRUE(office.at(kNoon));
  const Verdict by_rule = office.judge("10.1.0.7", "bad.example");
  EXPECT_EQ(by_rule.action, Action::Observed);
  EXPECT_EQ(by_rule.would, Action::Blocked);
  EXPECT_EQ(by_rule.reason, Reason::Rule);
  const Verdict by_guard = office.judge("172.16.0.1", "good.example");
  EXPECT_EQ(by_guard.action, Action::Observed);
  EXPECT_EQ(by_guard.reason, Reason::UnregisteredSource);
  Verdict refusal;
  EXPECT_FALSE(office.made->policy->admits(office.web("172.16.0.1", ""), office.made->scratch, refusal));
  EXPECT_TRUE(refusal.passes());
  EXPECT_EQ(office.judge("10.1.0.7", "good.example").action, Action::Allowed);
}

TEST(Bypass, BeginsAndEndsAtItsSecondsAndSaysSo) {
  Bypassed office;
  const auto passes = [&] { return office.judge("10.1.0.7", "bad.example").passes(); };
  EXPECT_FALSE(passes()) << "before the time is told";
  EXPECT_FALSE(office.at(kNoon - 1s));
  EXPECT_FALSE(passes());
  EXPECT_TRUE(office.at(kNoon));
  EXPECT_TRUE(passes());
  EXPECT_FALSE(office.at(Bypassed::kEnd - 1s));
  EXPECT_TRUE(passes());
  EXPECT_TRUE(office.at(Bypassed::kEnd));
  EXPECT_FALSE(passes());
  EXPECT_TRUE(office.at(kNoon)) << "a clock that is set back";
}

TEST(Bypass, LongerThanADayIsNoImage) {
  const int64_t from = kNoon.time_since_epoch().count();
  EXPECT_NO_THROW(test::make_policy(kSite, 1, kNoon, test::read_nothing, {from, from + kMaxBypassS}));
  EXPECT_THROW(test::make_policy(kSite, 1, kNoon, test::read_nothing, {from, from + kMaxBypassS + 1}),
               std::runtime_error);
  EXPECT_THROW(test::make_policy(kSite, 1, kNoon, test::read_nothing, {from, from - 1}), std::runtime_error);
}

TEST(Networks, InheritTheSitesDefaultAndSituations) {
  Office office(
      "site: s\ndefault: allow\nunidentified: {ech: allow, no-name: block}\n"
      "lines: {l: {operator: o, licence: l, contract: c, filing: f, purpose: internal-office, valid: {from: "
      "2020-01-01, until: 2090-01-01}}}\n"
      "networks:\n"
      "  staff: {prefixes: [10.1.0.0/16], line: l}\n"
      "  finance: {prefixes: [10.2.0.0/16], line: l, default: block, unidentified: {ech: block}}\n");
  EXPECT_TRUE(office.judge("10.1.0.7", "x.example").passes());
  EXPECT_FALSE(office.judge("10.2.0.7", "x.example").passes());
  const Policy& policy = *office.made->policy;
  const uint16_t staff = policy.network_of(address("10.1.0.7"), kNoVlan);
  const uint16_t finance = policy.network_of(address("10.2.0.7"), kNoVlan);
  EXPECT_EQ(policy.setting_of(staff, Situation::Ech), Setting::Allow);
  EXPECT_EQ(policy.setting_of(finance, Situation::Ech), Setting::Block);
  EXPECT_EQ(policy.setting_of(staff, Situation::NoName), Setting::Block);
  EXPECT_EQ(policy.setting_of(finance, Situation::NoName), Setting::Block);
  EXPECT_EQ(policy.setting_of(finance, Situation::UnknownProtocol), Setting::ByAddress);
}

TEST(Networks, AGroupIsTheAddressesOfItsUsers) {
  Office office(kSite +
                "users:\n  li.wei: {addresses: [10.1.0.7, 10.9.0.1], groups: [auditors]}\n"
                "  wang: {addresses: [10.1.0.8], groups: [others, auditors]}\n"
                "  zhao: {addresses: [10.1.0.9], groups: [others]}\n");
  (void)office;
  Office with(kSite.substr(0, kSite.size() - 2) +
              ", auditors: {groups: [auditors], prefixes: [10.8.0.0/24], line: l, default: block}}\n"
              "users:\n  li.wei: {addresses: [10.1.0.7, 10.9.0.1], groups: [auditors]}\n"
              "  wang: {addresses: [10.1.0.8], groups: [others, auditors]}\n"
              "  zhao: {addresses: [10.1.0.9], groups: [others]}\n");
  const auto network = [&](const char* from) {
    return with.made->policy->network_name(with.made->policy->network_of(address(from), kNoVlan));
  };
  EXPECT_EQ(network("10.1.0.7"), "auditors");
  EXPECT_EQ(network("10.1.0.8"), "auditors");
  EXPECT_EQ(network("10.1.0.9"), "staff");
  EXPECT_EQ(network("10.9.0.1"), "auditors");
  EXPECT_EQ(network("10.9.0.2"), "");
  EXPECT_EQ(network("10.8.0.2"), "auditors");
}

TEST(Networks, ASharedOneIsKnownByItsAddresses) {
  Office office(kSite.substr(0, kSite.size() - 2) +
                ", citrix: {prefixes: [10.1.9.0/24], vlans: [7], line: l, shared: terminal-server}}\n");
  EXPECT_TRUE(office.made->policy->is_shared(address("10.1.9.1")));
  EXPECT_FALSE(office.made->policy->is_shared(address("10.1.8.1")));
  EXPECT_FALSE(office.made->policy->is_shared(address("10.7.0.1")));
}

}  // namespace
}  // namespace sluice
