// feeds tests: files of checksums, when a feed is looked at, and how much may change.
#include <gtest/gtest.h>

#include "control/feeds/checksum_file.h"
#include "control/feeds/schedule.h"
#include "control/feeds/text_check.h"

namespace sluice::control {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

const std::string kA(64, 'a'), kB(64, 'b');

TEST(Checksum, IsFoundByTheNameOfTheFile) {
  const std::string text = kA + "  x\n" + kB + " *dir/y z\r\n# a comment\nSHA256 (q) = " + kA + "\n";
  EXPECT_EQ(find_checksum(text, "x"), kA);
  EXPECT_EQ(find_checksum(text, "y z"), kB);
  EXPECT_EQ(find_checksum(text, "z"), std::nullopt);
  EXPECT_EQ(find_checksum(text, "q"), std::nullopt);
}

TEST(Checksum, OfTheOnlyLineSpeaksOfAnyFile) {
  EXPECT_EQ(find_checksum(kA, "x"), kA);
  EXPECT_EQ(find_checksum(kA + " \n", "x"), kA);
  EXPECT_EQ(find_checksum("\\" + std::string(64, 'A') + "  y\n", "x"), kA);
  EXPECT_EQ(find_checksum(kA + "\n" + kA + "\n", "x"), std::nullopt);
}

TEST(Checksum, TwoOfOneFileAreNone) {
  EXPECT_EQ(find_checksum(kA + "  x\n" + kB + "  x\n", "x"), std::nullopt);
  EXPECT_EQ(find_checksum(kA + "  x\n" + kA + "  x\n", "x"), kA);
}

TEST(Checksum, WhatIsNoneIsPassedOver) {
  for (const std::string& text : {std::string(), std::string("\n\n"), kA.substr(1), kA + "x", kA + " x",
                                  kA + "\tx  y", std::string(64, 'g'), std::string("<html>")}) {
    EXPECT_EQ(find_checksum(text, "x"), std::nullopt) << text;
  }
}

TEST(Schedule, AFeedNeverHadIsFetchedAtOnceOthersWhenTheyAreDue) {
  const FetchLimits limits;
  EXPECT_EQ(first_delay(milliseconds(-1), 3600, limits, 0.5), milliseconds(0));
  EXPECT_EQ(first_delay(minutes(20), 3600, limits, 0.5), minutes(40));
  EXPECT_EQ(first_delay(hours(5), 3600, limits, 0.5), limits.spread / 2);
}

TEST(Schedule, FailuresBackOffUpToTheRefresh) {
  const FetchLimits limits;
  EXPECT_EQ(next_delay(3600, 0, seconds(0), limits, 1), hours(1));
  EXPECT_EQ(next_delay(3600, 0, seconds(0), limits, 0), minutes(54));
  EXPECT_EQ(next_delay(3600, 1, seconds(0), limits, 1), minutes(1));
  EXPECT_EQ(next_delay(3600, 1, seconds(0), limits, 0), seconds(30));
  EXPECT_EQ(next_delay(3600, 3, seconds(0), limits, 1), minutes(4));
  EXPECT_EQ(next_delay(3600, 7, seconds(0), limits, 1), hours(1));
  EXPECT_EQ(next_delay(3600, 4'000'000'000, seconds(0), limits, 1), hours(1));
}

TEST(Schedule, AServerMayAskForPatienceUpToTheRefresh) {
  const FetchLimits limits;
  EXPECT_EQ(next_delay(3600, 1, minutes(10), limits, 0), minutes(10));
  EXPECT_EQ(next_delay(3600, 1, hours(1000), limits, 0), hours(1));
}

TEST(Change, IsAShareOfWhatWasThere) {
  EXPECT_FALSE(differs_by_more(50, 100, 50));
  EXPECT_TRUE(differs_by_more(49, 100, 50));
  EXPECT_FALSE(differs_by_more(150, 100, 50));
  EXPECT_TRUE(differs_by_more(151, 100, 50));
  EXPECT_TRUE(differs_by_more(99, 100, 0));
  EXPECT_FALSE(differs_by_more(100, 100, 0));
}

}  // namespace
}  // namespace sluice::control
