// usage tests: a client's blocks, and the page that each belongs to.
#include "control/usage/blocks.h"
#include "tests/unit/usage/usage_log.h"

namespace sluice::control {
namespace {

using testing::Pair;
using testing::UnorderedElementsAre;

struct UsageBlocks : UsageLog {
  ClientUsage of(const std::string& client, QueryOptions query = {}) {
    save();
    query.from = client;
    ClientUsage found;
    EXPECT_EQ(find_blocks(scope(std::move(query)), found), "");
    return found;
  }
};

TEST_F(UsageBlocks, ABlockBelongsToTheEssentialNameBeforeIt) {
  access(0, "10.20.8.1", "news.example");
  ruled(1, "10.20.8.1", "www.vendor.example", "allowed", "essential");
  access(2, "10.20.8.1", "other.example");
  ruled(3, "10.20.8.1", "cdn.example", "blocked", "no-cdn", "cdns");
  ruled(4, "10.20.8.1", "cdn.example", "blocked", "no-cdn", "cdns");
  const ClientUsage found = of("10.20.8.1");
  ASSERT_EQ(found.blocks.size(), 1U);
  const BlockedGroup& group = found.blocks[0];
  EXPECT_EQ(group.asked, "cdn.example");
  EXPECT_TRUE(group.named);
  EXPECT_EQ(group.count, 2U);
  EXPECT_EQ(group.rule, "no-cdn");
  EXPECT_EQ(group.list, "cdns");
  EXPECT_EQ(group.port, 443U);
  EXPECT_THAT(group.pages, UnorderedElementsAre(Pair("www.vendor.example", 2)));
  EXPECT_EQ(found.accesses, 5U);
  EXPECT_EQ(found.blocked, 2U);
}

TEST_F(UsageBlocks, WithoutAnEssentialNameItIsTheFirstOne) {
  access(0, "10.20.8.1", "news.example");
  access(1, "10.20.8.1", "pictures.example");
  access(2, "10.20.8.1", "ads.example", "blocked");
  EXPECT_THAT(of("10.20.8.1").blocks[0].pages, UnorderedElementsAre(Pair("news.example", 1)));
}

TEST_F(UsageBlocks, AnEssentialNameMayComeShortlyAfter) {
  access(0, "10.20.8.1", "ads.example", "blocked");
  ruled(9.5, "10.20.8.1", "www.vendor.example", "allowed", "essential");
  EXPECT_THAT(of("10.20.8.1").blocks[0].pages, UnorderedElementsAre(Pair("www.vendor.example", 1)));
}

TEST_F(UsageBlocks, WhatIsMoreThanTenSecondsAwayIsAnotherPage) {
  ruled(0, "10.20.8.1", "www.vendor.example", "allowed", "essential");
  access(10.5, "10.20.8.1", "ads.example", "blocked");
  ruled(21, "10.20.8.1", "www.vendor.example", "allowed", "essential");
  ruled(10, "10.20.8.2", "www.other.example", "allowed", "essential");
  EXPECT_TRUE(of("10.20.8.1").blocks[0].pages.empty()) << "nor is another client's";
}

TEST_F(UsageBlocks, ThePageMayLieBeforeThePeriodAndDoesNotCountThere) {
  ruled(0, "10.20.8.1", "www.vendor.example", "allowed", "essential");
  access(2, "10.20.8.1", "early.example", "blocked");
  access(5, "10.20.8.1", "ads.example", "blocked");
  access(15, "10.20.8.1", "late.example", "blocked");
  const ClientUsage found = of("10.20.8.1", {.since = at(4), .until = at(10)});
  ASSERT_EQ(found.blocks.size(), 1U);
  EXPECT_EQ(found.blocks[0].asked, "ads.example");
  EXPECT_THAT(found.blocks[0].pages, UnorderedElementsAre(Pair("www.vendor.example", 1)));
  EXPECT_EQ(found.accesses, 1U);
}

TEST_F(UsageBlocks, WithoutBlocksItSaysWhatElseThereWas) {
  access(0, "10.20.8.1", "a.example");
  access(1, "10.20.8.1", "b.example", "observed");
  const ClientUsage found = of("10.20.8.1");
  EXPECT_TRUE(found.blocks.empty());
  EXPECT_EQ(found.accesses, 2U);
  EXPECT_EQ(found.observed, 1U);
  EXPECT_EQ(found.last_asked, "b.example");
  EXPECT_EQ(of("10.20.8.9").accesses, 0U);
}

TEST_F(UsageBlocks, ALogThatIsNotThereIsSaid) {
  ClientUsage found;
  EXPECT_NE(find_blocks({.log = root / "nowhere", .query = {.from = "10.20.8.1"}, .progress = {}}, found),
            "");
}

}  // namespace
}  // namespace sluice::control
