// keep tests: when the disk will be full.
#include "control/keep/forecast.h"

#include <gtest/gtest.h>

#include <vector>

namespace sluice::control {
namespace {

constexpr int64_t kSecondNs = 1'000'000'000, kAt = 1'795'406'706 * kSecondNs;
constexpr uint32_t kKeep = 1000;

/// A log that has run for its term and longer: each second 10 bytes came, so each second 10 are due.
std::vector<StoredSegment> steady(bool held = false) {
  std::vector<StoredSegment> out;
  for (int64_t due = 1; due <= kKeep; ++due) {
    out.push_back({kAt + due * kSecondNs, 10, held});
  }
  return out;
}

TEST(Forecast, OfALogThatDoesNotGrowIsNever) {
  EXPECT_EQ(forecast(steady(), 0, 0, kAt, kKeep, false).full_s, Forecast::kNever);
}

TEST(Forecast, OfANewLogIsNeverWhereTheTermFits) {
  EXPECT_EQ(forecast({}, 10'000, 10, kAt, kKeep, false).full_s, Forecast::kNever);
  const Forecast full = forecast({}, 9'000, 10, kAt, kKeep, false);
  EXPECT_DOUBLE_EQ(full.full_s, 900);
  EXPECT_TRUE(full.before_term);
}

TEST(Forecast, OfASteadyLogIsNeverHoweverLittleIsFree) {
  EXPECT_EQ(forecast(steady(), 10, 10, kAt, kKeep, false).full_s, Forecast::kNever);
}

TEST(Forecast, OfALogThatGrowsFasterThanItFreesIsWhenTheDifferenceIsUsedUp) {
  const Forecast full = forecast(steady(), 1'000, 12, kAt, kKeep, false);  // 2 a second more
  EXPECT_NEAR(full.full_s, 500, 5);
  EXPECT_TRUE(full.before_term);
}

TEST(Forecast, HeldSegmentsFreeNothing) {
  EXPECT_DOUBLE_EQ(forecast(steady(true), 1'000, 10, kAt, kKeep, false).full_s, 100);
}

TEST(Forecast, OverdueSegmentsFreeTheirBytesAtOnce) {
  const StoredSegment overdue{kAt - 5 * kSecondNs, 10'000, false};
  EXPECT_EQ(forecast({&overdue, 1}, 0, 10, kAt, kKeep, false).full_s, Forecast::kNever);
}

TEST(Forecast, HoldWithoutEndFillsAnyDiskOneDay) {
  const Forecast full = forecast({}, 100'000, 10, kAt, kKeep, true);
  EXPECT_DOUBLE_EQ(full.full_s, 10'000);
  EXPECT_FALSE(full.before_term);
}

TEST(Forecast, DiskThatIsFullIsFullNow) {
  const Forecast full = forecast({}, 0, 10, kAt, kKeep, false);
  EXPECT_DOUBLE_EQ(full.full_s, 0);
  EXPECT_TRUE(full.before_term);
}

}  // namespace
}  // namespace sluice::control
