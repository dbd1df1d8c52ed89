// boot tests: a link that is lost takes the other one down, and brings it back.
#include "dataplane/boot/link_follow.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

constexpr LinkState kUp = LinkState::Up, kDown = LinkState::Down, kUnknown = LinkState::Unknown;

/// `line down`, `lan up`, or nothing.
std::string look(LinkFollow& follow, LinkState lan, LinkState line) {
  const auto order = follow.look(lan, line);
  if (!order) return "";
  return std::string(order->port == Side::Lan ? "lan" : "line") + (order->up ? " up" : " down");
}

TEST(LinkFollow, TheOtherPortGoesAndComesWithTheLink) {
  LinkFollow follow;
  EXPECT_EQ(look(follow, kUp, kUp), "");
  EXPECT_EQ(look(follow, kUp, kDown), "lan down");
  EXPECT_EQ(look(follow, kDown, kDown), "") << "the LAN's is down by our order";
  EXPECT_EQ(look(follow, kDown, kUp), "lan up");
  EXPECT_EQ(look(follow, kUp, kUp), "");
  EXPECT_EQ(look(follow, kDown, kUp), "line down");
  EXPECT_EQ(look(follow, kUp, kDown), "line up");
}

TEST(LinkFollow, APortThatWasBroughtUpHasTimeToFindItsLink) {
  LinkFollow follow;
  EXPECT_EQ(look(follow, kUp, kUp), "");
  EXPECT_EQ(look(follow, kUp, kDown), "lan down");
  EXPECT_EQ(look(follow, kDown, kUp), "lan up");
  for (uint32_t each = 0; each < LinkFollow::kSettleLooks; ++each)
    EXPECT_EQ(look(follow, kDown, kUp), "") << each;
  EXPECT_EQ(look(follow, kDown, kUp), "line down") << "it found none";
}

TEST(LinkFollow, PortsThatWereJustOpenedHaveTimeToo) {
  LinkFollow follow;
  for (uint32_t each = 0; each < LinkFollow::kSettleLooks; ++each)
    EXPECT_EQ(look(follow, kUp, kDown), "") << each;
  EXPECT_EQ(look(follow, kUp, kDown), "lan down");
}

TEST(LinkFollow, BothLostIsNobodysOrderUntilOneIsBack) {
  LinkFollow follow;
  EXPECT_EQ(look(follow, kUp, kUp), "");
  EXPECT_EQ(look(follow, kDown, kDown), "");
  EXPECT_EQ(look(follow, kUp, kDown), "lan down");
  EXPECT_EQ(look(follow, kDown, kUp), "lan up");
}

TEST(LinkFollow, WhatIsNotKnownIsNotLost) {
  LinkFollow follow;
  EXPECT_EQ(look(follow, kUp, kUp), "");
  EXPECT_EQ(look(follow, kUp, kUnknown), "");
  EXPECT_EQ(look(follow, kUnknown, kDown), "");
}

}  // namespace
}  // namespace sluice
