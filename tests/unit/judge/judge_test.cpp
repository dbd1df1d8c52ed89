// judge tests: a policy that is asked, and where what decided stands.
#include <gtest/gtest.h>

#include "control/judge/asked.h"
#include "control/judge/opened.h"
#include "tests/unit/judge/lab.h"

namespace sluice::control {
namespace {

struct JudgeTest : testing::Test {
  Directory directory{"judge"};
  OpenedPolicy policy = opened();

  OpenedPolicy opened() const {
    Diagnostics problems;
    std::string error;
    auto out = open_directory(directory.path(), {}, problems, error);
    EXPECT_TRUE(out) << error;
    return std::move(*out);
  }
  Question question(const std::string& from, const std::string& host,
                    const std::string& protocol = "tls") const {
    Asked asked;
    asked.from = from;
    asked.host = host;
    asked.protocol = protocol;
    Question out;
    EXPECT_EQ(question_of(asked, *policy.judge, out), "");
    return out;
  }
  std::string decided(const Question& question) {
    const Answer answer = policy.judge->ask(question);
    return std::string(word_of(answer.action())) + " " +
           std::string(answer.rule.empty() ? word_of(answer.reason()) : answer.rule);
  }
  /// `file:line entry` of what took the name.
  std::string entry(const std::string& host) {
    const Question asked = question("10.20.1.7", host);
    const Answer answer = policy.judge->ask(asked);
    const auto place = policy.written->entry(answer.list, answer.rule, asked);
    if (!place) return "none";
    return std::filesystem::path(place->file).filename().string() + ":" + std::to_string(place->line) + " " +
           place->entry;
  }
};

TEST_F(JudgeTest, AnswersWithRuleExceptionAndDefault) {
  EXPECT_EQ(decided(question("10.20.1.7", "www.bad.example")), "blocked no-bad");
  EXPECT_EQ(decided(question("10.20.1.7", "news.example")), "allowed default");
  EXPECT_EQ(decided(question("10.20.9.7", "vendor.example")), "allowed audit");
  EXPECT_EQ(decided(question("10.20.9.8", "vendor.example")), "blocked default");
  EXPECT_EQ(decided(question("172.16.0.1", "news.example")), "blocked unregistered-source");
  const Answer answer = policy.judge->ask(question("10.20.9.7", "vendor.example"));
  EXPECT_EQ(answer.owner, "li.wei");
  EXPECT_EQ(answer.ticket, "IT-1");
  EXPECT_NE(answer.expires_s, kNever);
}

TEST_F(JudgeTest, AddressInPlaceOfAHostIsWhereItGoes) {
  EXPECT_EQ(decided(question("10.20.1.7", "203.0.113.9")), "blocked no-clouds");
}

TEST_F(JudgeTest, CanaryIsRefusedWhereTheNetworkSaysSo) {
  EXPECT_EQ(decided(question("10.20.1.7", "use-application-dns.net", "dns")), "blocked canary");
  EXPECT_EQ(decided(question("10.20.9.9", "use-application-dns.net", "dns")), "blocked default");
}

TEST_F(JudgeTest, ResolverAsksForOthers) {
  EXPECT_EQ(decided(question("10.20.0.10", "news.example", "dns")), "allowed resolver");
  EXPECT_EQ(decided(question("10.20.0.10", "bad.example", "dns")), "blocked no-bad");
}

TEST_F(JudgeTest, DistinctQuestionsAreJudgedOnce) {
  const Question first = question("10.20.1.7", "news.example");
  (void)policy.judge->ask(first);
  const uint64_t judged = policy.judge->judged();
  for (const char* from : {"10.20.1.7", "10.20.1.8", "10.20.200.3"})
    EXPECT_EQ(decided(question(from, "news.example")), "allowed default");
  EXPECT_EQ(policy.judge->judged(), judged);
  EXPECT_EQ(decided(question("10.20.9.9", "news.example")), "blocked default");
  EXPECT_EQ(policy.judge->judged(), judged + 1);
}

TEST_F(JudgeTest, ExpiredExceptionIsAnotherQuestion) {
  Question asked = question("10.20.9.7", "vendor.example");
  EXPECT_EQ(decided(asked), "allowed audit");
  asked.at_s = 2'300'000'000;
  EXPECT_EQ(decided(asked), "blocked default");
  asked.at_s = 1'790'000'000;
  EXPECT_EQ(decided(asked), "allowed audit");
}

TEST_F(JudgeTest, EntryIsTheLineThatTookTheName) {
  EXPECT_EQ(entry("bad.example"), "site.yaml:14 bad.example");
  EXPECT_EQ(entry("www.evil.example"), "bad.names:2 evil.example");
  EXPECT_EQ(entry("worse.example"), "bad.names:4 Worse.Example");
  EXPECT_EQ(entry("a.deep.example"), "bad.names:5 *.deep.example");
  EXPECT_EQ(entry("bet365.example"), "site.yaml:16 ^bet[0-9]+\\.");
  EXPECT_EQ(entry("203.0.113.9"), "site.yaml:15 203.0.113.0/24");
  EXPECT_EQ(entry("10.64.1.1"), "site.yaml:11 10.64.0.0/12");
}

TEST_F(JudgeTest, ExplainNamesTheRulesPassedOver) {
  std::vector<PassedRule> passed;
  (void)policy.judge->explain(question("10.20.1.7", "bet365.example"), passed);
  ASSERT_EQ(passed.size(), 4u);
  EXPECT_EQ(passed[0].rule, "audit");
  EXPECT_EQ(passed[0].why, PassedOver::From);
  EXPECT_EQ(passed[1].why, PassedOver::To);
  EXPECT_EQ(passed[3].rule, "no-bets");
  EXPECT_EQ(passed[3].why, PassedOver::Matched);
}

}  // namespace
}  // namespace sluice::control
