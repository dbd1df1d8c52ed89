// usage tests: what is added up, by whom and what; in bounded memory.
#include "control/usage/top.h"

#include "tests/unit/usage/usage_log.h"

namespace sluice::control {
namespace {

struct UsageTop : UsageLog {
  TopFound top(const TopOptions& options, QueryOptions query = {}) {
    save();
    TopFound found;
    EXPECT_EQ(find_top(scope(std::move(query)), options, found), "");
    return found;
  }
};

UsageLine line_of(uint64_t count) {
  UsageLine out;
  out.fields.count = count;
  out.fields.action = "allowed";
  return out;
}

TEST_F(UsageTop, NamesHaveTheirAccessesClientsAndTheBytesOfTheirFlows) {
  access(0, "10.20.8.1", "www.example.com");
  access(1, "10.20.8.2", "www.example.com", "blocked")["event"]["count"] = 3;
  end(2, "10.20.8.1", "www.example.com", 700, 9000);
  access(3, "10.20.8.1", "");
  const TopFound found = top({});
  ASSERT_EQ(found.rows.size(), 2U);
  EXPECT_EQ(found.rows[0].key, "www.example.com");
  const UsageCount& count = found.rows[0].count;
  EXPECT_EQ(count.accesses, 4U);
  EXPECT_EQ(count.blocked, 3U);
  EXPECT_EQ(count.others, 2U);
  EXPECT_EQ(count.bytes_up, 700U) << "an access' own bytes are in its flow's";
  EXPECT_EQ(count.bytes_down, 9000U);
  EXPECT_EQ(found.rows[1].key, "198.51.100.9");
  EXPECT_EQ(found.all.accesses, 5U);
}

TEST_F(UsageTop, DomainsAreThoseThatSomebodyRegistered) {
  access(0, "10.20.8.1", "a.example.co.uk");
  access(1, "10.20.8.1", "b.c.example.co.uk");
  access(2, "10.20.8.1", "co.uk");
  const TopFound found = top({.domains = true});
  ASSERT_EQ(found.rows.size(), 2U);
  EXPECT_EQ(found.rows[0].key, "example.co.uk");
  EXPECT_EQ(found.rows[0].count.accesses, 2U);
  EXPECT_EQ(found.rows[1].key, "co.uk");
}

TEST_F(UsageTop, ClientsRulesAndNetworksHaveRowsToo) {
  access(0, "10.20.8.1", "a.example")["user"] = {{"name", "li.wei"}};
  ruled(1, "10.20.8.2", "a.example", "blocked", "no-malware");
  access(2, "10.20.8.2", "b.example")["sluice"].erase("network");
  EXPECT_EQ(top({.by = TopBy::Clients}).rows[1].key, "li.wei");
  EXPECT_EQ(top({.by = TopBy::Clients}).rows[0].count.others, 2U);
  EXPECT_EQ(top({.by = TopBy::Rules}).rows[0].key, "(default)");
  EXPECT_EQ(top({.by = TopBy::Rules}).rows[1].key, "no-malware");
  EXPECT_EQ(top({.by = TopBy::Networks}).rows[0].key, "finance");
  EXPECT_EQ(top({.by = TopBy::Networks}).rows[1].key, "(none)");
  EXPECT_EQ(top({}, {.network = "finance"}).all.accesses, 2U);
}

TEST_F(UsageTop, LinesThatAreNoneAreLeftOut) {
  written.push_back({{"@timestamp", at(0)}, {"event", {{"kind", "pipeline_error"}, {"reason", "log-full"}}}});
  access(1, "10.20.8.1", "a.example");
  EXPECT_EQ(top({}).keys, 1U);
}

TEST(UsageTally, ManyKeysLeaveTheGreatestAndSayByHowMuchTheyMayBeTooLow) {
  Tally tally(100, 1000);
  uint64_t most_once = 0;
  for (uint64_t i = 0; i < 1000; ++i) {
    tally.add("great", "x", line_of(5));
    tally.add(std::to_string(i), "x", line_of(1 + i % 3));
    most_once = std::max(most_once, 1 + i % 3);
  }
  const auto rows = tally.top(2);
  EXPECT_EQ(rows[0].key, "great");
  EXPECT_EQ(rows[0].count.accesses, 5000U);
  EXPECT_LE(tally.keys(), 100U);
  EXPECT_GE(tally.low_by(), most_once) << "each key that was dropped had fewer";
}

TEST(UsageTally, KeysThatAreAllAlikeDoNotEmptyIt) {
  Tally tally(100, 1000);
  for (uint64_t i = 0; i < 101; ++i) {
    tally.add(std::to_string(i), "x", line_of(1));
  }
  EXPECT_EQ(tally.keys(), 51U);
  EXPECT_EQ(tally.low_by(), 1U);
}

TEST(UsageTally, ManyPairsAreSaidToBeTooFew) {
  Tally tally(10, 3);
  for (const char* client : {"a", "b", "c", "c"}) {
    tally.add("name", client, line_of(1));
  }
  EXPECT_FALSE(tally.others_low());
  tally.add("name", "d", line_of(1));
  EXPECT_TRUE(tally.others_low());
  EXPECT_EQ(tally.top(1)[0].count.others, 3U);
}

TEST(UsageDomains, WhatIsSharedByManyIsProposedAsTheHost) {
  const Domains domains;
  EXPECT_EQ(domains.to_allow("www.example.com").name, "example.com");
  EXPECT_EQ(domains.to_allow("www.example.com").why, "");
  const Domains::Domain shared = domains.to_allow("img.alicdn.com");
  EXPECT_EQ(shared.name, "img.alicdn.com");
  EXPECT_EQ(shared.why, "alicdn.com is shared by many owners");
  // What customers have a name of their own below is a suffix by the list.
  EXPECT_EQ(domains.to_allow("www.somebody.github.io").name, "somebody.github.io");
  EXPECT_EQ(domains.to_allow("co.uk").why, "a public suffix: anybody may register below it");
  EXPECT_EQ(domains.registrable("printer"), "printer");
  EXPECT_EQ(domains.registrable("192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(domains.registrable(""), "");
}

}  // namespace
}  // namespace sluice::control
