// keep tests: what is held, by whom, and who releases it.
#include "tests/unit/keep/keep_test.h"

namespace sluice::control {
namespace {

using nlohmann::json;

struct HoldTest : KeepTest {
  /// Three segments whose term is over, and one of now.
  HoldTest() {
    for (const int64_t days : {300, 290, 280}) {
      add(kNow - days * kDay);
    }
    add(kNow);
    start_and_wait();
  }
  json hold(const std::string& name, int64_t since_ns, int64_t until_ns) {
    return ask("hold", {{"case", name},
                        {"reason", "letter of the court"},
                        {"since", utc_text(since_ns)},
                        {"until", utc_text(until_ns)}});
  }
  void restart() {
    keeper.reset();
    start_and_wait();
  }
};

TEST_F(HoldTest, KeepsWhatOverlapsItsPeriodAndNothingElse) {
  const json answer = hold("2026-7", kNow - 291 * kDay, kNow - 289 * kDay);
  EXPECT_EQ(answer["segments"], 1);
  run();
  EXPECT_EQ(numbers(), (Numbers{2, 4}));
  ASSERT_EQ(heads("hold").size(), 1u);
  const json line = heads("hold")[0];
  EXPECT_EQ(line["case"], "2026-7");
  EXPECT_EQ(line["reason"], "letter of the court");
  EXPECT_EQ(line["user"], "user1000");
  EXPECT_EQ(line["uid"], 1000);
  EXPECT_EQ(line["since"], utc_text(kNow - 291 * kDay));
  EXPECT_TRUE(line.contains("signature"));
  EXPECT_EQ(check().problem_count, 0u);
}

TEST_F(HoldTest, BoundsAreIncluded) {
  hold("first", kNow - 301 * kDay, kNow - 300 * kDay - kSecond);  // the first record of segment 1
  hold("last", kNow - 280 * kDay + kSecond, kNow - 279 * kDay);   // the last one of segment 3
  hold("beside", kNow - 290 * kDay + 2 * kSecond, kNow - 285 * kDay);
  run();
  EXPECT_EQ(numbers(), (Numbers{1, 3, 4}));
}

TEST_F(HoldTest, WithoutBoundsKeepsAll) {
  EXPECT_EQ(ask("hold", {{"case", "all"}, {"reason", "r"}})["segments"], 4);
  run();
  EXPECT_EQ(numbers().size(), 4u);
  EXPECT_EQ(keeper->figures().holds, 1u);
}

TEST_F(HoldTest, TwoPersonsReleaseOneDoesNot) {
  hold("c", kNow - 400 * kDay, kNow);
  EXPECT_EQ(ask("release", {{"case", "c"}}, 1000)["step"], 1);
  run();
  EXPECT_EQ(numbers().size(), 4u);
  EXPECT_EQ(ask("holds", {})["holds"][0]["release"]["user"], "user1000");
  EXPECT_NE(ask("release", {{"case", "c"}}, 1000)["error"].get<std::string>().find("somebody else"),
            std::string::npos);
  run();
  EXPECT_EQ(numbers().size(), 4u);
  EXPECT_EQ(ask("release", {{"case", "c"}}, 1001)["released"], true);
  run();
  EXPECT_EQ(numbers(), (Numbers{4}));
  EXPECT_TRUE(ask("holds", {})["holds"].empty());
  ASSERT_EQ(heads("release").size(), 2u);
  EXPECT_EQ(heads("release")[0]["step"], 1);
  EXPECT_EQ(heads("release")[1]["step"], 2);
  EXPECT_EQ(heads("release")[1]["uid"], 1001);
}

TEST_F(HoldTest, SurvivesARestartAtEachStep) {
  hold("c", kNow - 400 * kDay, kNow);
  restart();
  run();
  EXPECT_EQ(numbers().size(), 4u);
  ask("release", {{"case", "c"}}, 1000);
  restart();
  run();
  EXPECT_EQ(numbers().size(), 4u);
  EXPECT_TRUE(ask("release", {{"case", "c"}}, 1000).contains("error"));
  EXPECT_EQ(ask("release", {{"case", "c"}}, 1001)["step"], 2);
  restart();
  EXPECT_TRUE(ask("holds", {})["holds"].empty());
  run();
  EXPECT_EQ(numbers(), (Numbers{4}));
}

TEST_F(HoldTest, NewHoldOfACaseVoidsTheFirstHalfOfItsRelease) {
  hold("c", kNow - 400 * kDay, kNow);
  ask("release", {{"case", "c"}}, 1000);
  hold("c", kNow - 10 * kDay, kNow);
  EXPECT_EQ(ask("holds", {})["holds"][0]["periods"].size(), 2u);
  EXPECT_EQ(ask("release", {{"case", "c"}}, 1001)["step"], 1);
  EXPECT_EQ(ask("release", {{"case", "c"}}, 1000)["step"], 2);
}

TEST_F(HoldTest, KeepsASegmentWhoseDeletionIsWrittenDownAndNotCarriedOut) {
  ASSERT_EQ(writer->heads().append({{"kind", "deletion"}, {"segment", 2}}), "");
  hold("c", kNow - 291 * kDay, kNow - 289 * kDay);
  run();
  EXPECT_EQ(numbers(), (Numbers{2, 4}));
}

TEST_F(HoldTest, WrongOrdersAreRefusedAndLeaveNoLine) {
  const std::string long_case(65, 'a'), long_reason(1001, 'r');
  const json wrong[] = {
      json::object(),
      {{"case", ""}, {"reason", "r"}},
      {{"case", "a b"}, {"reason", "r"}},
      {{"case", "../x"}, {"reason", "r"}},
      {{"case", long_case}, {"reason", "r"}},
      {{"case", 7}, {"reason", "r"}},
      {{"case", "c"}},
      {{"case", "c"}, {"reason", ""}},
      {{"case", "c"}, {"reason", long_reason}},
      {{"case", "c"}, {"reason", "r"}, {"since", "yesterday"}},
      {{"case", "c"}, {"reason", "r"}, {"until", "2026-11-23"}},
      {{"case", "c"}, {"reason", "r"}, {"since", utc_text(kNow)}, {"until", utc_text(kNow - kSecond)}}};
  for (const json& each : wrong) {
    EXPECT_TRUE(ask("hold", each).contains("error")) << each;
  }
  EXPECT_TRUE(ask("release", {{"case", "unknown"}}).contains("error"));
  EXPECT_TRUE(ask("release", {}).contains("error"));
  EXPECT_TRUE(ask("hol", {}).contains("error"));
  EXPECT_TRUE(heads("hold").empty());
  EXPECT_TRUE(heads("release").empty());
}

TEST_F(HoldTest, ThatCannotBeWrittenDownIsAnError) {
  append_fails = "no space left";
  EXPECT_EQ(ask("hold", {{"case", "c"}, {"reason", "r"}})["error"], "no space left");
  EXPECT_TRUE(ask("holds", {})["holds"].empty());
}

TEST_F(HoldTest, ThereIsABoundOnThem) {
  for (size_t i = 0; i < kMaxHeldPeriods; ++i) {
    ASSERT_FALSE(ask("hold", {{"case", "c" + std::to_string(i % 7)}, {"reason", "r"}}).contains("error"));
  }
  EXPECT_TRUE(ask("hold", {{"case", "c"}, {"reason", "r"}}).contains("error"));
}

}  // namespace
}  // namespace sluice::control
