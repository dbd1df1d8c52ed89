// lines tests: what is counted in a window, and what is usual.
#include "control/lines/line_watch.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "control/lines/lines_json.h"
#include "tests/unit/link/fake_shared.h"

namespace sluice::control {
namespace {

using namespace std::chrono_literals;
constexpr uint64_t kQuickNs = 10'000'000, kSlowNs = 400'000'000;
constexpr int64_t kNowS = 1'800'000'000;

struct Watched : testing::Test {
  Watched() {
    std::string error;
    region = SharedRegion::map(shared.fd.get(), error);
    watch.set_region(region, now);
    terms.lines = {{"iplc-sg", 1'000'000, kNowS + 86'400, true}};
  }
  LineStats& line() { return shared.stats().lines[0]; }
  void answer(uint64_t count, uint64_t after_ns) {
    line().syns.asked.add(count);
    line().syns.answered.add(count);
    line().syns.times.add(after_ns, count);
  }
  void wait(std::chrono::milliseconds time) {
    for (const auto until = now + time; now < until;) {
      now += watch.every();
      shared.stats().turns.add(1);
      watch.look(now);
    }
  }
  LineSeen seen(std::chrono::milliseconds back) { return watch.lines(back, now, terms, kNowS).at(0); }
  nlohmann::json status() { return lines_status(watch, now, true, 3, terms, kNowS); }

  FakeShared shared;
  std::shared_ptr<SharedRegion> region;
  LineWatch watch{60s};
  PolicyTerms terms;
  LineTime now{1000s};
};

TEST_F(Watched, WindowForgetsWhatIsOlder) {
  answer(7, kQuickNs);
  wait(30s);
  EXPECT_EQ(seen(60s).sum.syns.answered, 7u);
  wait(40s);
  EXPECT_EQ(seen(60s).sum.syns.answered, 0u);
  EXPECT_EQ(seen(300s).sum.syns.answered, 7u);
  wait(300s);
  EXPECT_EQ(seen(300s).sum.syns.answered, 0u);
  EXPECT_NEAR(seen(60s).seconds, 60, 6);
  EXPECT_NEAR(seen(300s).seconds, 300, 6);
}

TEST_F(Watched, UsualIsFromBeforeTheWindow) {
  answer(50, kQuickNs);
  EXPECT_EQ(seen(60s).usual_line_ns, 0u);
  wait(61s);
  answer(50, kSlowNs);
  EXPECT_EQ(seen(60s).usual_line_ns, Histogram::bound_of(Histogram::bucket_of(kQuickNs)));
  EXPECT_EQ(status()["lines"][0]["verdict"], "line");
  // What was so for a day is usual.
  for (int hour = 0; hour < 30; ++hour) {
    answer(50, kSlowNs);
    wait(1h);
  }
  EXPECT_EQ(seen(60s).usual_line_ns, Histogram::bound_of(Histogram::bucket_of(kSlowNs)));
}

TEST_F(Watched, LoadIsOfTheBandwidth) {
  wait(60s);
  shared.stats().ports[0][1].rx_bytes.add(7'500'000 / 2);
  EXPECT_NEAR(seen(60s).load(), 0.5, 0.05);
}

TEST_F(Watched, LinksAndTermsAreSeen) {
  set_link(shared.header(), 0, 1, LinkState::Down);
  EXPECT_EQ(seen(60s).line_link, LinkState::Down);
  EXPECT_EQ(seen(60s).lan_link, LinkState::Unknown);
  shared.header().links[0][0] = 77;  // of a data plane gone mad
  EXPECT_EQ(seen(60s).lan_link, LinkState::Unknown);
  EXPECT_FALSE(seen(60s).term_over);
  terms.lines[0].ends_s = kNowS;
  EXPECT_TRUE(seen(60s).term_over);
  terms.lines[0].refused_after = false;
  EXPECT_FALSE(seen(60s).term_over);
}

TEST_F(Watched, WorkerWithoutTurnsStandsStill) {
  wait(61s);
  EXPECT_TRUE(watch.gateway(60s, now, true, 3).standing.empty());
  for (int look = 0; look < 13; ++look) {
    now += watch.every();
    watch.look(now);
  }
  EXPECT_EQ(watch.gateway(60s, now, true, 3).standing, std::vector<size_t>{0});
  EXPECT_EQ(status()["verdict"], "gateway");
}

TEST_F(Watched, OwnDropsAreToldByReason) {
  wait(61s);
  shared.stats().dropped[static_cast<size_t>(Reason::TxFull)].add(40);
  shared.stats().dropped[static_cast<size_t>(Reason::BadChecksum)].add(40);
  shared.stats().ports[0][0].rx_packets.add(100);
  EXPECT_EQ(status()["gateway"]["last_minute"]["drops"], (nlohmann::json{{"tx-full", 40}}));
  EXPECT_EQ(status()["verdict"], "gateway");
}

TEST_F(Watched, VerdictsAreThoseOfTheStatus) {
  answer(7, kQuickNs);
  wait(10s);
  const auto verdicts = watch.verdicts(now, true, 1, {}, kNowS);
  ASSERT_EQ(verdicts.size(), status()["lines"].size());
  EXPECT_EQ(verdicts[0].name, status()["lines"][0]["name"]);
  EXPECT_EQ(kBlameWords[static_cast<size_t>(verdicts[0].blame)], status()["lines"][0]["verdict"]);
  EXPECT_EQ(watch.verdicts(now, false, 0, {}, kNowS)[0].blame, Blame::Gateway);
}

TEST_F(Watched, AnotherRegionBeginsAnew) {
  answer(7, kQuickNs);
  wait(10s);
  FakeShared other(2);
  std::string error;
  watch.set_region(SharedRegion::map(other.fd.get(), error), now);
  EXPECT_EQ(seen(60s).sum.syns.answered, 0u);
  EXPECT_EQ(status()["lines"][0]["verdict"], "no traffic");
}

TEST(LineWatch, WithoutADataPlaneItIsTheGateway) {
  LineWatch watch(60s);
  watch.look(LineTime{1s});
  const nlohmann::json status = lines_status(watch, LineTime{2s}, false, 0, {}, kNowS);
  EXPECT_EQ(status["verdict"], "gateway");
  EXPECT_TRUE(status["lines"].empty());
}

TEST(Ending, TellsWhatEndsSoon) {
  constexpr int64_t kDay = 86'400;
  const PolicyTerms terms{
      {{"far", 0, kNowS + 61 * kDay, false}, {"near", 0, kNowS + 3 * kDay, true}, {"none", 0, 0, false}},
      {{"audit", "li.wei", "IT-1", kNowS + kDay}, {"old", "li.wei", "IT-2", kNowS - 1}}};
  const nlohmann::json ending = ending_json(terms, kNowS);
  ASSERT_EQ(ending.size(), 3u);
  EXPECT_EQ(ending[0]["name"], "old");
  EXPECT_TRUE(ending[0]["ended"]);
  EXPECT_EQ(ending[1]["owner"], "li.wei");
  EXPECT_EQ(ending[2]["name"], "near");
}

}  // namespace
}  // namespace sluice::control
