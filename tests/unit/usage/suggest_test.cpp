// usage tests: what an observed network needs.
#include "control/usage/suggest.h"

#include <algorithm>

#include "tests/unit/usage/usage_log.h"

namespace sluice::control {
namespace {

using testing::ElementsAre;
using testing::Pair;
using testing::UnorderedElementsAre;

constexpr double kDay = 86'400;

struct UsageSuggest : UsageLog {
  Rejudge rejudge;
  Suggestion suggestion(const std::string& network = "finance") {
    save();
    Suggestion found;
    EXPECT_EQ(find_suggestion(scope({.network = network}), rejudge, found), "");
    return found;
  }
  void observed(double at_s, const std::string& client, const std::string& name) {
    access(at_s, client, name, "observed")["sluice"]["would"] = "blocked";
  }
};

TEST_F(UsageSuggest, NamesAreProposedByDomainTheMostUsedFirst) {
  observed(0, "10.20.8.1", "a.few.example");
  observed(1, "10.20.8.2", "few.example");
  observed(2, "10.20.8.1", "www.much.example");
  observed(3, "10.20.8.1", "img.much.example");
  observed(kDay, "10.20.8.1", "much.example");
  end(kDay + 1, "10.20.8.1", "img.much.example", 10, 2000);
  access(4, "10.99.0.1", "guest.example")["sluice"]["network"] = "guests";
  const Suggestion found = suggestion();
  ASSERT_EQ(found.names.size(), 2U);
  EXPECT_EQ(found.names[0].name, "much.example");
  EXPECT_EQ(found.names[0].accesses, 3U);
  EXPECT_EQ(found.names[0].clients, 1U);
  EXPECT_EQ(found.names[0].days, 2U);
  EXPECT_EQ(found.names[0].bytes_down, 2000U);
  EXPECT_FALSE(found.names[0].rare) << "one client, but on two days";
  EXPECT_EQ(found.names[1].clients, 2U);
  EXPECT_FALSE(found.names[1].rare);
  EXPECT_EQ(found.clients, 2U);
  EXPECT_TRUE(found.still.empty());
}

TEST_F(UsageSuggest, OneClientOnOneDayIsRareAndWouldStillBeBlocked) {
  observed(0, "10.20.8.1", "once.example");
  observed(5, "10.20.8.1", "once.example");
  const Suggestion found = suggestion();
  ASSERT_EQ(found.names.size(), 1U);
  EXPECT_TRUE(found.names[0].rare);
  ASSERT_EQ(found.still.size(), 1U);
  EXPECT_EQ(found.still[0].client, "10.20.8.1");
  EXPECT_THAT(found.still[0].asked, UnorderedElementsAre(Pair("once.example", 2)));
}

TEST_F(UsageSuggest, ItSaysWhichEssentialNamesANameLoadsWith) {
  ruled(0, "10.20.8.1", "www.sap.example", "allowed", "essential");
  observed(2, "10.20.8.1", "cdn.example");
  observed(3, "10.20.8.2", "cdn.example");
  observed(100, "10.20.8.1", "cdn.example");
  ruled(104, "10.20.8.1", "office.example", "allowed", "essential");
  observed(200, "10.20.8.1", "cdn.example");
  const Suggestion found = suggestion();
  ASSERT_EQ(found.names.size(), 1U);
  EXPECT_THAT(found.names[0].loads_with, ElementsAre(Pair("office.example", 1), Pair("www.sap.example", 1)));
  EXPECT_EQ(found.opened, 2U);
}

TEST_F(UsageSuggest, WhatARuleBlocksOrHasNoNameIsNotProposedButSaid) {
  ruled(0, "10.20.8.1", "bad.example", "blocked", "no-malware", "malware");
  ruled(1, "10.20.8.1", "worse.example", "observed", "no-malware", "malware");
  access(2, "10.20.8.2", "", "observed", "no-name");
  access(3, "10.20.8.2", "", "blocked", "tunnel");
  const Suggestion found = suggestion();
  EXPECT_TRUE(found.names.empty());
  EXPECT_EQ(found.forbidden, 2U);
  EXPECT_EQ(found.nameless, 2U);
  ASSERT_EQ(found.still.size(), 2U);
  EXPECT_THAT(found.still[0].asked, UnorderedElementsAre(Pair("bad.example", 1), Pair("worse.example", 1)));
}

TEST_F(UsageSuggest, APolicyThatIsGivenCountsInsteadOfWhatWasRecorded) {
  observed(0, "10.20.8.1", "opened-since.example");
  ruled(1, "10.20.8.2", "closed-since.example", "allowed", "essential");
  rejudge = [](AccessFields& fields) {
    const bool opened = fields.domain == "opened-since.example";
    fields.action = opened ? "allowed" : "blocked";
    fields.reason = opened ? "rule" : "default";
    fields.rule = opened ? "new" : "";
  };
  const Suggestion found = suggestion();
  EXPECT_EQ(found.opened, 1U);
  ASSERT_EQ(found.names.size(), 1U);
  EXPECT_EQ(found.names[0].name, "closed-since.example");
}

TEST_F(UsageSuggest, SharedDomainsAreProposedAsHosts) {
  observed(0, "10.20.8.1", "ours.blob.core.windows.net");
  observed(1, "10.20.8.2", "img.alicdn.com");
  const Suggestion found = suggestion();
  const auto& name = *std::ranges::find(found.names, "img.alicdn.com", &SuggestedName::name);
  EXPECT_EQ(name.why, "alicdn.com is shared by many owners");
  EXPECT_NE(std::ranges::find(found.names, "ours.blob.core.windows.net", &SuggestedName::name),
            found.names.end());
}

}  // namespace
}  // namespace sluice::control
