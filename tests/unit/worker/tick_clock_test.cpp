// worker tests: what the poll loop takes for the time.
#include "dataplane/worker/tick_clock.h"

#include <gtest/gtest.h>

#include <chrono>

namespace sluice {
namespace {

using namespace std::chrono_literals;

constexpr uint64_t kHz = 2'500'000'000;

int64_t utc_ns() {
  return std::chrono::nanoseconds(std::chrono::system_clock::now().time_since_epoch()).count();
}

TEST(TickClock, TicksAreTurnedIntoTime) {
  const TickClock clock(kHz);
  EXPECT_EQ(clock.ns(0), 0u);
  EXPECT_EQ(clock.ns(2500), 1000u);
  EXPECT_NEAR(static_cast<double>(clock.ns(3600 * kHz)), 3600e9, 1e3);
}

TEST(TickClock, BetweenTwoReadingsTheWallClockGoesOnWithTheTicks) {
  TickClock clock(kHz);
  const int64_t before = utc_ns();
  clock.set(7 * kHz);
  const int64_t after = utc_ns();
  const Clock at_once = clock.at(7 * kHz), later = clock.at(7 * kHz + kHz / 1000);
  EXPECT_GE(at_once.utc_ns, before);
  EXPECT_LE(at_once.utc_ns, after);
  EXPECT_EQ(at_once.ms, 7000u);
  EXPECT_EQ(later.ms, 7001u);
  EXPECT_NEAR(static_cast<double>(later.utc_ns - at_once.utc_ns), 1e6, 1);
}

}  // namespace
}  // namespace sluice
