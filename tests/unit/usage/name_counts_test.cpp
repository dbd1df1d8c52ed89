// usage tests: accesses by name, in a bounded number of series.
#include "control/usage/name_counts.h"

#include <thread>

#include "control/usage/hits_thread.h"
#include "tests/unit/usage/usage_log.h"

namespace sluice::control {
namespace {

using Names = std::vector<std::string>;
constexpr size_t kAllowed = 0, kBlocked = 1;

TEST(NameCounts, NamesBeyondTheBoundAreCountedInOne) {
  NameCounts counts(2);
  counts.know(Names{"a", "b", "c"});
  for (const char* name : {"a", "b", "c", "d"}) {
    counts.add(name, kBlocked, 3);
  }
  ASSERT_EQ(counts.names().size(), 2U);
  EXPECT_EQ(counts.names().at("a")[kBlocked], 3U);
  EXPECT_EQ(counts.rest()[kBlocked], 6U);
  EXPECT_EQ(counts.rest()[kAllowed], 0U);
}

TEST(NameCounts, NameOfAnEarlierPolicyKeepsItsCountAndItsPlace) {
  NameCounts counts(2);
  counts.know(Names{"a"});
  counts.add("a", kAllowed, 1);
  counts.know(Names{"b", "c"});
  EXPECT_EQ(counts.names().at("a")[kAllowed], 1U);
  EXPECT_TRUE(counts.names().contains("b"));
  EXPECT_FALSE(counts.names().contains("c"));
}

TEST(NameCounts, RuleThatIsNamedOtherIsCountedWithTheOthers) {
  NameCounts counts(4);
  counts.know(Names{"other", ""});
  counts.add("other", kAllowed, 1);
  EXPECT_TRUE(counts.names().empty());
  EXPECT_EQ(counts.rest()[kAllowed], 1U);
}

struct UsageNames : UsageLog {};

TEST_F(UsageNames, ALineCountsForItsRuleAndItsNetworkAsOftenAsItStandsFor) {
  RuleHits hits;
  AccessCounts counts;
  counts.rules.know(Names{"no-malware"});
  counts.networks.know(Names{"staff"});
  ruled(0, "10.20.8.1", "a.example", "blocked", "no-malware")["event"]["count"] = 4;
  written.back()["sluice"]["network"] = "staff";
  const std::string line = written.back().dump() + "\n";
  ruled(1, "10.20.8.1", "b.example", "allowed", "elsewhere");
  written.back()["sluice"]["network"] = "nowhere";
  hits.add(line + written.back().dump() + "\n", counts);
  EXPECT_EQ(counts.rules.names().at("no-malware")[kBlocked], 4U);
  EXPECT_EQ(counts.networks.names().at("staff")[kBlocked], 4U);
  EXPECT_EQ(counts.rules.rest()[kAllowed], 1U);
  EXPECT_EQ(counts.networks.rest()[kAllowed], 1U);
}

TEST_F(UsageNames, AThreadCountsByNameWhatComesAfterItKnowsTheName) {
  HitsThread thread(log, state, std::chrono::milliseconds(5));
  thread.know({"no-malware"}, {});
  const auto until = [&](auto done) {
    for (int i = 0; i < 2000 && !done(thread.counts().rules); ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return done(thread.counts().rules);
  };
  ASSERT_TRUE(until([](const NameCounts& rules) { return rules.names().contains("no-malware"); }));
  ruled(0, "10.20.8.1", "a.example", "blocked", "no-malware");
  save();
  EXPECT_TRUE(until([](const NameCounts& rules) { return rules.names().at("no-malware")[kBlocked] == 1; }));
}

}  // namespace
}  // namespace sluice::control
