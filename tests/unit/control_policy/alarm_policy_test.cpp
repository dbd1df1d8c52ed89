// tests: the alarms of a policy, wrong and right, and their way to the daemon.
#include "control/policy/alarm_policy.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/unit/control_policy/compile_helper.h"

namespace sluice::control::test {
namespace {

using nlohmann::json;

class AlarmDiagnosed : public testing::TestWithParam<Case> {};

TEST_P(AlarmDiagnosed, AtItsPlaceWithWhatIsRight) {
  EXPECT_EQ(problems(GetParam().yaml), GetParam().expected);
}

/// Alarms that somebody is told of, so that there is no warning of that.
std::string alarm(const std::string& keys) {
  return "alarms: {to: {webhook: \"https://a.example/\"}, rules: {a: {" + keys + "}}}\n";
}
std::string to(const std::string& value) {
  return "alarms: {to: {" + value + "}}\n";
}

/// Each of them is a value of a metric's label.
TEST(AlarmPolicy, MoreThanThereMayBeAreRefused) {
  const auto alarms = [](size_t count) {
    std::string out = "alarms:\n  to: {webhook: \"https://a.example/\"}\n  rules:\n";
    for (size_t i = 0; i < count; ++i) {
      out += "    a" + std::to_string(i) + ": {tunnel-attempts: 1}\n";
    }
    return problems(out);
  };
  EXPECT_EQ(alarms(kMaxAlarms), std::vector<std::string>{});
  EXPECT_EQ(alarms(kMaxAlarms + 1),
            std::vector<std::string>{"t:104:5: there are 101 alarms; at most 100 are possible"});
}

INSTANTIATE_TEST_SUITE_P(
    Alarms, AlarmDiagnosed,
    testing::Values(
        Case{"Right", alarm("blocks-of-one-client: 50, within: 1h"), {}}, Case{"Empty", "alarms: {}\n", {}},
        Case{"NobodyIsTold",
             "alarms: {rules: {a: {tunnel-attempts: 1}}}\n",
             {"t:1:9: warning: nobody is told of the alarms: they show in `sluicectl status` and in the "
              "metrics "
              "alone; write to: {webhook: \"https://alarms.example/sluice\"}, or to: {mail: {…}}"}},
        Case{"NoKind",
             alarm("within: 1h"),
             {"t:1:55: the alarm 'a' has none of `blocks-of-one-client`, `tunnel-attempts`, "
              "`new-unregistered-source` and `no-records`; write one of them, as {blocks-of-one-client: 50, "
              "within: 1h}",
              "t:1:67: `within` without `blocks-of-one-client` or `tunnel-attempts`; leave it out"}},
        Case{"TwoKinds",
             alarm("tunnel-attempts: 1, no-records: 15m"),
             {"t:1:55: the alarm 'a' has more than one of `blocks-of-one-client`, `tunnel-attempts`, "
              "`new-unregistered-source` and `no-records`; write one of them, as {blocks-of-one-client: 50, "
              "within: 1h}"}},
        Case{"None",
             alarm("blocks-of-one-client: 0"),
             {"t:1:81: `blocks-of-one-client` cannot be '0'; write a number from 1 to 10000"}},
        Case{"NoNumber",
             alarm("tunnel-attempts: many"),
             {"t:1:76: `tunnel-attempts` cannot be 'many'; write a number from 1 to 10000"}},
        Case{"NoUnit",
             alarm("no-records: 15"),
             {"t:1:71: `no-records` cannot be '15'; write 90s, 10m, 2h or 7d, at least 60s and at most "
              "604800s"}},
        Case{"WithinTooLong",
             alarm("tunnel-attempts: 1, within: 25h"),
             {"t:1:87: `within` cannot be '25h'; write 90s, 10m, 2h or 7d, at least 60s and at most 86400s"}},
        Case{"NotFalse",
             alarm("new-unregistered-source: false"),
             {"t:1:84: `new-unregistered-source` cannot be 'false'; write true, or leave the alarm out"}},
        Case{"Key",
             alarm("blocks: 5, tunnel-attempts: 1"),
             {"t:1:59: unknown key 'blocks' in an alarm; it may have blocks-of-one-client, tunnel-attempts, "
              "new-unregistered-source, no-records or within"}},
        Case{"WebhookWithoutTls",
             to("webhook: \"http://li:secret@a.example/\""),
             {"t:1:24: the URL of `webhook` does not begin with https://; write "
              "\"https://alarms.example/sluice\""}},
        Case{"MailWithoutServer",
             to("mail: {to: a@b.example, from: c@d.example}"),
             {"t:1:21: `mail` has no `smtp`; write {to: [it@office.example], from: sluice@office.example, "
              "smtp: "
              "\"smtps://mail.example\"}"}},
        Case{"MailToNobody",
             to("mail: {to: [a], from: c@d.example, smtp: \"smtps://m.example\"}"),
             {"t:1:27: `to` cannot be 'a'; write a mail address, as audit@office.example"}}),
    [](const auto& one) { return one.param.name; });

TEST(AlarmPolicy, SurvivesTheWayToTheDaemon) {
  const AlarmPolicy whole{.webhook = "https://li:secret@a.example/?x",
                          .mail = {"smtps://m.example:465", "a@b.example", {"c@d.example", "e@f.example"}},
                          .ca = "/ca.pem",
                          .repeat_s = 600,
                          .rules = {{"a", AlarmKind::Blocks, 50, 3600}, {"b", AlarmKind::NoRecords, 1, 900}}};
  EXPECT_EQ(alarm_policy_from(alarm_policy_json(whole)), whole);
  EXPECT_EQ(alarm_policy_from(alarm_policy_json({})), AlarmPolicy{});
}

TEST(AlarmPolicy, WhatNoPolicyCouldSayIsRefused) {
  const json whole = alarm_policy_json({.webhook = "https://a.example/",
                                        .mail = {"smtps://m.example", "a@b.example", {"c@d.example"}},
                                        .ca = "",
                                        .rules = {{"a", AlarmKind::Blocks, 50, 3600}}});
  ASSERT_TRUE(alarm_policy_from(whole));
  for (const auto& [path, value] : {std::pair<const char*, json>{"/webhook", "http://a.example/"},
                                    {"/mail/smtp", "smtp://m.example"},
                                    {"/mail/from", "a b@c"},
                                    {"/mail/to", json::array()},
                                    {"/mail/to/0", "a\nRCPT TO:<x@y>"},
                                    {"/mail", nullptr},
                                    {"/ca", "relative"},
                                    {"/repeat_s", 1U},
                                    {"/repeat_s", -1},
                                    {"/rules", "x"},
                                    {"/rules/0/kind", 4U},
                                    {"/rules/0/kind", -1},
                                    {"/rules/0/count", 0U},
                                    {"/rules/0/count", 10'001U},
                                    {"/rules/0/within_s", 59U},
                                    {"/rules/0/name", ""},
                                    {"/rules/0", 7}}) {
    json changed = whole;
    changed[json::json_pointer(path)] = value;
    EXPECT_FALSE(alarm_policy_from(changed)) << path << " " << value;
  }
  EXPECT_FALSE(alarm_policy_from(json()));
}

}  // namespace
}  // namespace sluice::control::test
