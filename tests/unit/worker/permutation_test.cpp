// tests: a client lives on one worker, so it does not matter on which queue a packet arrives.
#include "tests/unit/worker/office.h"

namespace sluice {
namespace {

using test::kRules;
using test::Sent;
using test::Workers;

TEST(Workers, RandomQueuesChangeNoVerdict) {
  for (uint32_t round = 0; round < 8; ++round) {
    std::mt19937 random(round);
    const auto sent = test::traffic(random);
    Workers one(1, kRules);
    for (const Sent& packet : sent) one.send(packet.frame, packet.from, 0);
    const auto expected = one.decisions();
    ASSERT_GT(expected.size(), 80u);
    for (const uint32_t count : {2u, 3u, 5u}) {
      Workers many(count, kRules);
      for (const Sent& packet : sent)
        many.send(packet.frame, packet.from, static_cast<uint32_t>(random() % count));
      EXPECT_EQ(many.decisions(), expected) << count << " workers, round " << round;
      EXPECT_EQ(many.totals(), one.totals()) << count << " workers, round " << round;
      EXPECT_GT(many.handed_over(), 0u);
    }
  }
}

}  // namespace
}  // namespace sluice
