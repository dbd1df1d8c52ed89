// keep tests: what is deleted, when, and what never is.
#include "tests/unit/keep/keep_test.h"

namespace sluice::control {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

TEST_F(KeepTest, SegmentGoesWhenItsTermIsOverAndASignedLineSaysSo) {
  add(kNow - 186 * kDay);
  add(kNow - 100 * kDay);
  add(kNow - kDay);
  const std::string gone = segment(0).filename(), index = gone.substr(0, gone.find('.')) + ".idx";
  write(log / index, "index");
  const json last = heads("segment")[0];
  start();
  run();
  EXPECT_EQ(numbers(), (Numbers{1, 2, 3}));  // the first hour
  pass(kHour - kSecond);
  run();
  EXPECT_EQ(numbers(), (Numbers{1, 2, 3}));
  pass(kSecond);
  run();
  EXPECT_EQ(numbers(), (Numbers{2, 3}));
  EXPECT_FALSE(fs::exists(log / index));
  ASSERT_EQ(heads("deletion").size(), 1u);
  const json line = heads("deletion")[0];
  EXPECT_EQ(line["segment"], 1);
  EXPECT_EQ(line["file"], gone);
  EXPECT_EQ(line["header"], last["header"]);
  EXPECT_EQ(line["why"], "its term of 185 days is over");
  EXPECT_EQ(line["time"], utc_text(now.utc_ns));
  EXPECT_EQ(keeper->figures().deleted, 1u);
  const LogFindings found = check();
  EXPECT_EQ(found.problem_count, 0u) << found.problems.front();
  EXPECT_EQ(found.deleted, 1u);
}

TEST_F(KeepTest, RecordGoesWhenItIsOlderThanTheTermNotBefore) {
  add(kNow - 185 * kDay);
  add(kNow - 2 * kHour);
  now.utc_ns = kNow + kSecond - kHour;  // an hour before the last record is as old as the term
  start();
  run();
  pass(kHour);
  run();
  EXPECT_EQ(numbers(), (Numbers{1, 2}));
  pass(1000);
  run();
  EXPECT_EQ(numbers(), (Numbers{2}));
}

TEST_F(KeepTest, NewestSegmentNeverGoes) {
  add(kNow - 400 * kDay);
  add(kNow - 300 * kDay);
  start_and_wait();
  run();
  EXPECT_EQ(numbers(), (Numbers{2}));
  pass(kDay);
  run();
  EXPECT_EQ(numbers(), (Numbers{2}));
}

TEST_F(KeepTest, OpenSegmentIsTheNewest) {
  add(kNow - 400 * kDay);
  add(kNow - 300 * kDay);
  add_open(kNow - 299 * kDay);
  start_and_wait();
  run();
  EXPECT_EQ(numbers(), (Numbers{3}));
}

TEST_F(KeepTest, NothingGoesWhileTheTermIsNotKnown) {
  add(kNow - 400 * kDay);
  add(kNow);
  start_and_wait();
  run(std::nullopt);
  EXPECT_EQ(numbers().size(), 2u);
  EXPECT_EQ(keeper->status()["waits"], "the policy's term is not known");
  run();
  EXPECT_EQ(numbers().size(), 1u);
}

TEST_F(KeepTest, LongerTermOfThePolicyHolds) {
  add(kNow - 300 * kDay);
  add(kNow);
  start_and_wait();
  run(400 * 86'400);
  EXPECT_EQ(numbers().size(), 2u);
}

TEST_F(KeepTest, AtMostFourGoInARun) {
  for (int64_t i = 0; i < 10; ++i) {
    add(kNow - 300 * kDay + i * kHour);
  }
  add(kNow);
  start_and_wait();
  for (const size_t left : {7u, 3u, 1u, 1u}) {
    run();
    EXPECT_EQ(numbers().size(), left);
    pass(kMinute);
  }
}

TEST_F(KeepTest, DeletionThatWasNotCarriedOutIsCarriedOutWithoutASecondLine) {
  add(kNow - 300 * kDay);
  add(kNow);
  ASSERT_EQ(writer->heads().append({{"kind", "deletion"}, {"segment", 1}, {"file", "any"}}), "");
  start();
  run();
  EXPECT_EQ(numbers().size(), 2u);
  pass(kHour);
  run();
  EXPECT_EQ(numbers(), (Numbers{2}));
  EXPECT_EQ(heads("deletion").size(), 1u);
}

TEST_F(KeepTest, WhatCannotBeWrittenDownIsNotDeleted) {
  add(kNow - 300 * kDay);
  add(kNow);
  start_and_wait();
  append_fails = "no space left";
  run();
  EXPECT_EQ(numbers().size(), 2u);
  EXPECT_EQ(keeper->figures().errors, 1u);
  append_fails.clear();
  run();
  EXPECT_EQ(numbers().size(), 1u);
}

TEST_F(KeepTest, WhatCannotBeDeletedIsTriedAgainAndStopsNothing) {
  for (int64_t i = 0; i < 6; ++i) {
    add(kNow - 300 * kDay + i * kHour);
  }
  add(kNow);
  for (size_t i = 0; i < 5; ++i) {  // an index that cannot be unlinked
    const std::string name = segment(i).filename();
    fs::create_directories(log / (name.substr(0, name.find('.')) + ".idx") / "x");
  }
  start_and_wait();
  run();
  run();
  EXPECT_EQ(numbers(), (Numbers{1, 2, 3, 4, 5, 7}));
  EXPECT_EQ(heads("deletion").size(), 6u);
  EXPECT_EQ(keeper->figures().errors, 2u);
  for (const auto& each : fs::directory_iterator(log)) {
    if (each.is_directory()) {
      fs::remove_all(each.path());
    }
  }
  run();
  run();
  EXPECT_EQ(numbers(), (Numbers{7}));
  EXPECT_EQ(heads("deletion").size(), 6u);
}

TEST_F(KeepTest, SegmentWhoseOwnRecordsAreNewerStaysWhateverHeadsSay) {
  add(kNow - 100 * kDay);
  add(kNow);
  std::string text = read(log / "heads.jsonl");
  const std::string right = utc_text(kNow - 100 * kDay + kSecond), wrong = utc_text(kNow - 300 * kDay);
  ASSERT_NE(text.find(right), std::string::npos);
  write(log / "heads.jsonl", text.replace(text.find(right), right.size(), wrong));
  start_and_wait();
  testing::internal::CaptureStderr();
  run();
  run();
  const std::string said = testing::internal::GetCapturedStderr();
  EXPECT_EQ(numbers().size(), 2u);
  EXPECT_NE(said.find("is not deleted: it has records up to " + right), std::string::npos) << said;
  EXPECT_EQ(said.find("is not deleted", said.find("is not deleted") + 1), std::string::npos);  // once
}

TEST_F(KeepTest, SegmentOfWhichHeadsSayNothingStays) {
  add(kNow - 300 * kDay);
  add(kNow);
  fs::copy(segment(0), log / segment_name(1, kNow));  // another one of the same number
  const fs::path stranger = log / segment_name(1, kNow);
  start_and_wait();
  run();
  EXPECT_TRUE(fs::exists(stranger));
  EXPECT_EQ(numbers(), (Numbers{1, 2}));
}

TEST_F(KeepTest, SegmentLeftForDamageGoesItsTermAfterItWasLeft) {
  add_open(kNow - 300 * kDay);
  const fs::path damaged = segment(0);
  writer.reset();
  std::string bytes = read(damaged);
  write(damaged, "x" + bytes.substr(1));
  writer = open();
  add(kNow);
  ASSERT_EQ(heads("damage").size(), 1u);
  const auto left_ns = parse_utc(heads("damage")[0]["time"].get<std::string>());
  ASSERT_TRUE(left_ns.has_value());
  now.utc_ns = std::max(*left_ns, kNow) + 100 * kDay;
  start_and_wait();
  run();
  EXPECT_EQ(numbers().size(), 2u);
  pass(100 * kDay);
  run();
  EXPECT_EQ(numbers(), (Numbers{2}));
}

TEST_F(KeepTest, ClockThatLeapsByMonthsDeletesNothingForADay) {
  add(kNow - 100 * kDay);
  add(kNow);
  start_and_wait();
  run();
  now.utc_ns += 200 * kDay;
  testing::internal::CaptureStderr();
  run();
  EXPECT_NE(testing::internal::GetCapturedStderr().find("the clock leapt by 17280000 seconds"),
            std::string::npos);
  pass(23 * kHour);
  run();
  EXPECT_EQ(numbers().size(), 2u);
  pass(2 * kHour);
  run();
  EXPECT_EQ(numbers().size(), 1u);
}

TEST_F(KeepTest, ClockThatLeapsALittleDeletesNothingForAnHour) {
  add(kNow - 185 * kDay);
  add(kNow);
  start();
  run();
  pass(2 * kHour);
  now.utc_ns -= 3 * kHour;
  run();  // it stands before the newest record
  EXPECT_EQ(keeper->status()["waits"], "the clock stands before the newest record");
  now.utc_ns += 3 * kHour;
  run();
  EXPECT_EQ(numbers().size(), 2u);
  pass(kHour - kMinute);
  run();
  EXPECT_EQ(numbers().size(), 2u);
  pass(kMinute);
  run();
  EXPECT_EQ(numbers().size(), 1u);
}

TEST_F(KeepTest, ManySmallStepsOfTheClockAreALeap) {
  add(kNow - 182 * kDay);
  add(kNow);
  start_and_wait();
  for (int i = 0; i < 3 * 24 * 60; ++i) {  // after two days of three it shows that the term is over
    now.utc_ns += kMinute;
    pass(kMinute);
    run();
  }
  EXPECT_EQ(numbers().size(), 2u);
  pass(kHour);
  run();
  EXPECT_EQ(numbers().size(), 1u);
}

TEST_F(KeepTest, StartLongAfterTheLastSegmentWaitsADay) {
  add(kNow - 300 * kDay);
  add(kNow - 200 * kDay);
  add(kNow - 8 * kDay);
  testing::internal::CaptureStderr();
  start();
  run();
  EXPECT_NE(testing::internal::GetCapturedStderr().find("the clock stands 7 days after"), std::string::npos);
  pass(23 * kHour);
  run();
  EXPECT_EQ(numbers().size(), 3u);
  pass(kHour);
  run();
  EXPECT_EQ(numbers().size(), 1u);
}

TEST_F(KeepTest, FiguresAreThoseOfTheDisk) {
  start();
  run();
  EXPECT_EQ(keeper->figures().oldest_ns, 0);
  add_open(kNow - kHour);
  run();
  EXPECT_EQ(keeper->figures().oldest_ns, kNow - kHour - kSecond);
  EXPECT_EQ(keeper->figures().bytes_per_s, 0);
  ASSERT_EQ(writer->close(kNow - 30 * kMinute), "");
  add(kNow - 10 * kMinute);
  const std::string name = segment(0).filename();
  write(log / (name.substr(0, name.find('.')) + ".idx"), std::string(100'000, 'x'));
  free_bytes = 1'000'000;
  run();
  const KeepFigures& figures = keeper->figures();
  const double bytes = 100'000.0 + double(fs::file_size(segment(0)) + fs::file_size(segment(1)));
  EXPECT_EQ(figures.oldest_ns / 1000, (kNow - kHour - kSecond) / 1000);
  EXPECT_NEAR(figures.bytes_per_s, bytes / 3601, 0.001);
  EXPECT_EQ(figures.free_bytes, 1'000'000u);
  EXPECT_NEAR(figures.disk.full_s, 1'000'000 / figures.bytes_per_s, 1);
  EXPECT_TRUE(figures.disk.before_term);
  EXPECT_EQ(keeper->status()["full_before_term"], true);
  EXPECT_EQ(keeper->status()["oldest"], utc_text(kNow - kHour - kSecond));
  free_bytes.reset();
  run();
  EXPECT_FALSE(keeper->figures().disk.before_term);
  EXPECT_TRUE(keeper->status()["full_seconds"].is_null());
}

TEST_F(KeepTest, DiskThatFillsBeforeTheTermIsSaidOnceADayAndNothingGoesEarly) {
  for (int64_t i = 0; i < 8; ++i) {
    add(kNow - (8 - i) * kHour);
  }
  free_bytes = 1;
  start();
  testing::internal::CaptureStderr();
  for (int i = 0; i < 49; ++i) {
    run();
    pass(kHour);
  }
  const std::string said = testing::internal::GetCapturedStderr();
  size_t count = 0;
  for (size_t at = said.find("its disk will be full in 0 days, before the term of 185 days");
       at != std::string::npos; at = said.find("its disk will be full", at + 1)) {
    ++count;
  }
  EXPECT_EQ(count, 3u) << said;
  EXPECT_EQ(numbers().size(), 8u);
}

}  // namespace
}  // namespace sluice::control
