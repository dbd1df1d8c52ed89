// usage tests: hits of rules, each counted once, over restarts.
#include "control/usage/hits.h"

#include <thread>

#include "control/usage/hits_thread.h"
#include "control/usage/rules.h"
#include "tests/unit/usage/usage_log.h"

namespace sluice::control {
namespace {

using testing::HasSubstr;
constexpr std::chrono::milliseconds kSoonAgain{5};

struct UsageHits : UsageLog {
  std::filesystem::path file = state / "rule-hits.json";

  /// What a thread has counted when it has seen so many accesses of the rule.
  RuleHits counted(const std::string& rule, uint64_t hits) {
    HitsThread thread(log, state, kSoonAgain);
    RuleHits out;
    for (int i = 0; i < 1000; ++i) {
      out = thread.hits();
      if (out.rules.contains(rule) && out.rules.find(rule)->second.hits >= hits) {
        break;
      }
      std::this_thread::sleep_for(kSoonAgain);
    }
    return out;
  }
};

TEST_F(UsageHits, EachAccessCountsOnceOverRestarts) {
  ruled(0, "10.20.8.1", "a.example", "blocked", "no-malware");
  ruled(1, "10.20.8.1", "a.example", "blocked", "no-malware")["event"]["count"] = 4;
  end(2, "10.20.8.1", "a.example", 1, 1);
  written.back()["rule"] = {{"name", "no-malware"}};
  save();
  EXPECT_EQ(counted("no-malware", 5).rules["no-malware"].hits, 5U);
  ruled(3, "10.20.8.1", "b.example", "allowed", "essential");
  ruled(4, "10.20.8.1", "a.example", "blocked", "no-malware");
  save();
  const RuleHits again = counted("no-malware", 6);
  EXPECT_EQ(again.rules.at("no-malware").hits, 6U);
  EXPECT_EQ(again.rules.at("no-malware").last_ns, kNow + 4 * kSecond);
  EXPECT_EQ(again.rules.at("essential").hits, 1U);
  EXPECT_EQ(again.since_ns, kNow);
  EXPECT_EQ(again.until_ns, kNow + 4 * kSecond);
  EXPECT_EQ(read_hits(file, error), again);
}

TEST_F(UsageHits, AFileThatIsNoneIsSaidAndAllIsCountedAnew) {
  ruled(0, "10.20.8.1", "a.example", "blocked", "no-malware");
  save();
  std::ignore = counted("no-malware", 1);
  const std::string good = read(file);
  for (const std::string& bad : {std::string("{"), std::string("[]"), good.substr(0, good.size() / 2),
                                 std::string(R"({"place":{},"rules":{}})")}) {
    write(file, bad);
    EXPECT_EQ(read_hits(file, error), RuleHits());
    EXPECT_NE(error, "");
    EXPECT_EQ(counted("no-malware", 1).rules["no-malware"].hits, 1U);
  }
}

TEST_F(UsageHits, NamesBeyondTheBoundPushOutTheOldest) {
  RuleHits hits;
  AccessCounts counts;
  for (size_t i = 0; i < RuleHits::kMaxRules; ++i) {
    hits.rules["rule-" + std::to_string(i)] = {1, static_cast<int64_t>(i + 1)};
  }
  ruled(0, "10.20.8.1", "a.example", "blocked", "new");
  hits.add(written.back().dump() + "\n", counts);
  EXPECT_EQ(hits.rules.size(), RuleHits::kMaxRules);
  EXPECT_FALSE(hits.rules.contains("rule-0"));
  EXPECT_TRUE(hits.rules.contains("new"));
}

TEST_F(UsageHits, AnEscapedNameIsTheNameItself) {
  RuleHits hits;
  AccessCounts counts;
  ruled(0, "10.20.8.1", "a.example", "blocked", "a\"b");
  for (int i = 0; i < 2; ++i) {
    hits.add(written.back().dump() + "\n", counts);
  }
  EXPECT_EQ(hits.rules.at("a\"b").hits, 2U);
}

TEST_F(UsageHits, APolicysRulesStandWithTheirPlaceOwnerAndEnd) {
  const auto directory = root / "policies";
  std::filesystem::create_directories(directory);
  write(directory / "a.yaml", R"(site: x
timezone: Asia/Shanghai
users:
  li.wei: {addresses: [10.20.1.7]}
networks:
  staff: {prefixes: [10.20.0.0/16], line: none}
exceptions:
  - {name: audit, to: [a.example], action: allow, owner: li.wei, ticket: IT-1, expires: 2026-12-31}
rules:
  - {name: no-b, to: [b.example], action: block}
)");
  PolicyFactsRead facts;
  ASSERT_TRUE(read_policy_facts(directory, facts)) << to_string(facts.problems.at(0));
  ASSERT_EQ(facts.rules.size(), 2U);
  EXPECT_EQ(facts.rules[0].kind, RuleKind::Exception);
  EXPECT_EQ(facts.rules[0].owner, "li.wei");
  EXPECT_EQ(facts.rules[0].ticket, "IT-1");
  ASSERT_TRUE(facts.rules[0].expires);
  EXPECT_EQ(utc_text(std::chrono::nanoseconds(facts.rules[0].expires->time_since_epoch()).count()),
            "2026-12-31T16:00:00.000000Z");
  EXPECT_EQ(facts.rules[1].name, "no-b");
  EXPECT_THAT(facts.rules[1].where, HasSubstr("a.yaml:10:"));
  EXPECT_EQ(facts.users.at(0).addresses.at(0), "10.20.1.7");
  EXPECT_EQ(facts.networks.at(0), "staff");

  PolicyFactsRead none;
  EXPECT_FALSE(read_policy_facts(root / "nowhere", none));
  EXPECT_FALSE(none.problems.empty());
}

}  // namespace
}  // namespace sluice::control
