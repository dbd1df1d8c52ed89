// evidence tests: which policies were in force in a period, and when nothing was blocked; what chrony says.
#include "control/evidence/policies.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "control/evidence/gateway_clock.h"

namespace sluice::control {
namespace {

using nlohmann::json;
constexpr int64_t kSecond = 1'000'000'000;

json applied(uint32_t generation, int64_t time_s) {
  return {{"generation", generation},
          {"time_ns", time_s * kSecond},
          {"time", "t" + std::to_string(time_s)},
          {"author", "li.wei"},
          {"reason", "IT-1"},
          {"sources", json::array()}};
}
json with_bypass(json line, int64_t from_s, int64_t until_s) {
  line["bypass"] = {{"from_s", from_s}, {"until_s", until_s}};
  return line;
}

PoliciesOfPeriod taken(const std::vector<json>& lines, int64_t since_s, int64_t until_s) {
  PoliciesOfPeriod out(since_s * kSecond, until_s * kSecond);
  for (const json& line : lines) {
    out.take(line.dump());
  }
  out.finish();
  return out;
}
std::vector<uint32_t> generations(const PoliciesOfPeriod& of) {
  std::vector<uint32_t> out;
  for (const PolicyOfPeriod& each : of.policies()) {
    out.push_back(each.generation);
  }
  return out;
}

TEST(PoliciesOfPeriod, TheOneBeforeThePeriodIsInForceInIt) {
  const std::vector<json> lines{applied(1, 100), applied(2, 200), applied(3, 300), applied(4, 400)};
  EXPECT_EQ(generations(taken(lines, 250, 350)), (std::vector<uint32_t>{2, 3}));
  EXPECT_EQ(generations(taken(lines, 300, 399)), (std::vector<uint32_t>{3}));
  EXPECT_EQ(generations(taken(lines, 500, 600)), (std::vector<uint32_t>{4}));
  EXPECT_TRUE(generations(taken(lines, 10, 20)).empty());
}

TEST(PoliciesOfPeriod, OneThatWasRefusedIsNot) {
  const std::vector<json> lines{applied(1, 100),
                                applied(2, 200),
                                {{"generation", 2}, {"refused", "why"}},
                                {{"generation", 1}, {"confirmed", "li.wei"}}};
  EXPECT_EQ(generations(taken(lines, 250, 350)), (std::vector<uint32_t>{1}));
}

TEST(PoliciesOfPeriod, BypassEndsByItselfOrByTheNextPolicyWithoutIt) {
  const auto itself = taken({with_bypass(applied(1, 100), 100, 160), applied(2, 500)}, 0, 900);
  ASSERT_EQ(itself.bypasses().size(), 1u);
  EXPECT_EQ(itself.bypasses()[0].until_s, 160);
  const auto ended = taken({with_bypass(applied(1, 100), 100, 160), applied(2, 130)}, 0, 900);
  EXPECT_EQ(ended.bypasses()[0].until_s, 130);
  // What is compiled while it lasts bears it too.
  const auto kept =
      taken({with_bypass(applied(1, 100), 100, 160), with_bypass(applied(2, 130), 100, 160)}, 0, 900);
  ASSERT_EQ(kept.bypasses().size(), 1u);
  EXPECT_EQ(kept.bypasses()[0].until_s, 160);
  EXPECT_TRUE(taken({with_bypass(applied(1, 100), 100, 160)}, 200, 900).bypasses().empty());
}

TEST(PoliciesOfPeriod, WhatIsNoLineOfAHistoryIsPassedOver) {
  PoliciesOfPeriod out(0, 10);
  for (const char* line : {"", "7", "[]", "{}", R"({"generation":"x"})", R"({"generation":4294967295})",
                           R"({"generation":1,"sources":7,"bypass":7,"time_ns":"x","author":{}})", "\xff"}) {
    out.take(line);
  }
  out.finish();
  EXPECT_LE(out.policies().size(), 1u);
}

TEST(PoliciesOfPeriod, ManyPoliciesAreBoundedAndCounted) {
  PoliciesOfPeriod out(0, INT64_MAX);
  for (uint32_t i = 1; i <= PoliciesOfPeriod::kMaxPolicies + 5; ++i) {
    out.take(applied(i, i).dump());
  }
  out.finish();
  EXPECT_EQ(out.policies().size(), PoliciesOfPeriod::kMaxPolicies);
  EXPECT_EQ(out.left_out(), 5u);
}

TEST(GatewayClock, ReadsWhatChronySays) {
  const auto state = read_tracking(
      "A9FEA97B,169.254.169.123,4,1795406706.1,0.000012,0.000001,0.00002,-1.5,0.001,0.02,0.0004,0.0003,16.2,"
      "Normal\n");
  ASSERT_TRUE(state && state->offset_s);
  EXPECT_DOUBLE_EQ(*state->offset_s, 0.000012);
  EXPECT_DOUBLE_EQ(state->within_s, 0.0005);
  EXPECT_EQ(state->source, "chrony");
}

TEST(GatewayClock, WithoutASourceItIsUnknown) {
  const auto state = read_tracking("7F7F0101,,0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,1.0,1.0,0.0,Not synchronised\n");
  ASSERT_TRUE(state);
  EXPECT_FALSE(state->offset_s);
  EXPECT_FALSE(state->why.empty());
}

TEST(GatewayClock, AnythingElseIsNoAnswer) {
  for (const char* text : {"", "\n", "506 Cannot talk to daemon\n", "1,2,3",
                           "a,b,c,d,e,f,g,h,i,j,k,l,m,Normal", "a,b,c,d,,f,g,h,i,j,1,1,m,Normal"}) {
    EXPECT_FALSE(read_tracking(text)) << text;
  }
  EXPECT_FALSE(read_gateway_clock().source.empty());
}

}  // namespace
}  // namespace sluice::control
