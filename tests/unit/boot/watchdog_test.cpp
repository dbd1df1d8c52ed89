// boot tests: a worker that does not turn any more is seen, and nobody else.
#include "dataplane/boot/watchdog.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

TEST(Watchdog, AWorkerThatStandsStillIsHungAfterSoManyLooks) {
  Watchdog watchdog(2);
  for (uint64_t look = 1; look < Watchdog::kHungLooks; ++look)
    EXPECT_FALSE(watchdog.look({0, look})) << look;  // worker 0 has not turned since its start
  EXPECT_EQ(watchdog.look({0, Watchdog::kHungLooks}), 0U);
}

TEST(Watchdog, OneTurnMakesItCountAnew) {
  Watchdog watchdog(1);
  for (uint32_t round = 1; round < 5; ++round)
    for (uint32_t look = 0; look < Watchdog::kHungLooks; ++look) EXPECT_FALSE(watchdog.look({round}));
  EXPECT_TRUE(watchdog.look({4}));
}

}  // namespace
}  // namespace sluice
