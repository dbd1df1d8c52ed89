// control_policy tests: rules that never decide, as one before them covers them.
#include <gtest/gtest.h>

#include <string>

#include "control/policy/policy_compiler.h"

namespace sluice::control {
namespace {

constexpr const char* kSite = R"(
site: test-office
timezone: UTC
lines:
  one: {operator: Example Telecom, licence: A1, contract: C1, filing: F1, purpose: internal-office, bandwidth: 1M,
        link: [192.0.2.1, 192.0.2.2], valid: {from: 2026-01-01, until: 2039-12-31}, on-expiry: warn}
networks:
  staff: {prefixes: [10.20.0.0/16], line: one, default: allow}
  finance: {prefixes: [10.20.8.0/21], line: one, default: block}
offices:
  hq: {entity: Example, prefixes: [10.64.0.0/12]}
schedules:
  office: {days: mon-fri, hours: "08:00-18:00"}
  morning: {days: mon-fri, hours: "09:00-12:00"}
lists:
  bad: {names: [bad.example, worse.example, "*.below.example"]}
  some: {names: [www.bad.example, x.below.example]}
  more: {names: [www.bad.example, other.example]}
  clouds: {prefixes: [203.0.113.0/24]}
  words: {patterns: ['^bet[0-9]+\.']}
)";

constexpr std::chrono::sys_seconds kThen{std::chrono::seconds{1'781'524'800}};  ///< 2026-06-15

/// `b by a` for each covered rule, with spaces between.
std::string covered(const std::string& rules, const std::string& exceptions = "") {
  const std::string text =
      kSite + (exceptions.empty() ? "" : "exceptions:\n" + exceptions) + "rules:\n" + rules;
  const SourceText file{"site.yaml", text};
  const Compiled compiled =
      compile_texts(std::span(&file, 1), ".",
                    [](const std::string&, std::string&, std::string&) { return false; }, 1, {.now = kThen});
  std::string out;
  for (const Diagnostic& each : compiled.diagnostics)
    if (each.severity == Severity::Error) out += to_string(each) + "\n";
  if (!compiled.policy) return out;
  for (const CoveredRule& each : compiled.policy->covered)
    out += (out.empty() ? "" : " ") + each.rule + " by " + each.by;
  return out;
}

TEST(CoveredRules, NameInAnEarlierListIsCovered) {
  EXPECT_EQ(covered("  - {name: a, to: [bad], action: block}\n"
                    "  - {name: b, to: [www.bad.example], action: allow}\n"),
            "b by a");
  EXPECT_EQ(covered("  - {name: a, to: [bad], action: block}\n  - {name: b, to: [some], action: block}\n"),
            "b by a");
  EXPECT_EQ(covered("  - {name: a, to: [bad], action: block}\n  - {name: b, to: [more], action: block}\n"),
            "");
  EXPECT_EQ(
      covered("  - {name: a, to: [bad], action: block}\n  - {name: b, to: [below.example], action: allow}\n"),
      "");
}

TEST(CoveredRules, WhatComesLaterCoversNothing) {
  EXPECT_EQ(covered("  - {name: b, to: [www.bad.example], action: allow}\n"
                    "  - {name: a, to: [bad], action: block}\n"),
            "");
}

TEST(CoveredRules, ObservingRuleCoversNothingButIsCovered) {
  EXPECT_EQ(covered("  - {name: a, to: [bad], action: observe}\n  - {name: b, to: [some], action: block}\n"),
            "");
  EXPECT_EQ(covered("  - {name: a, to: [bad], action: block}\n  - {name: b, to: [some], action: observe}\n"),
            "b by a");
}

TEST(CoveredRules, NetworkCoversItsAddressesOnly) {
  EXPECT_EQ(covered("  - {name: a, from: [finance], to: [bad], action: block}\n"
                    "  - {name: b, from: [10.20.9.7], to: [bad], action: allow}\n"),
            "b by a");
  EXPECT_EQ(covered("  - {name: a, from: [staff], to: [bad], action: block}\n"
                    "  - {name: b, from: [10.20.9.7], to: [bad], action: allow}\n"),
            "");
  EXPECT_EQ(covered("  - {name: a, from: [staff, finance], to: [bad], action: block}\n"
                    "  - {name: b, from: [finance], to: [bad], action: allow}\n"),
            "b by a");
  // A resolver's question is of no network: the rule for all meets it.
  EXPECT_EQ(covered("  - {name: a, from: [staff, finance], to: [bad], action: block}\n"
                    "  - {name: b, to: [bad], action: block}\n"),
            "");
}

TEST(CoveredRules, PortsAndProtocolsMustAllBeThere) {
  EXPECT_EQ(covered("  - {name: a, to: [hq], ports: [tcp/1-100, tcp/101-200], action: allow}\n"
                    "  - {name: b, to: [hq], ports: [tcp/50-150], action: block}\n"),
            "b by a");
  EXPECT_EQ(covered("  - {name: a, to: [hq], ports: [tcp/1-100], action: allow}\n"
                    "  - {name: b, to: [hq], ports: [tcp/50-150], action: block}\n"),
            "");
  EXPECT_EQ(covered("  - {name: a, to: [hq], ports: [tcp/1-100], action: allow}\n"
                    "  - {name: b, to: [hq], action: block}\n"),
            "");
  EXPECT_EQ(covered("  - {name: a, to: [hq], protocols: [ssh, rdp], action: allow}\n"
                    "  - {name: b, to: [hq], protocols: [rdp], action: block}\n"),
            "b by a");
  EXPECT_EQ(covered("  - {name: a, to: [hq], protocols: [ssh], action: allow}\n"
                    "  - {name: b, to: [hq], protocols: [ssh, rdp], action: block}\n"),
            "");
}

TEST(CoveredRules, TimesMustHoldWheneverTheRuleDoes) {
  EXPECT_EQ(covered("  - {name: a, to: [bad], when: office, action: block}\n"
                    "  - {name: b, to: [some], when: morning, action: block}\n"),
            "b by a");
  EXPECT_EQ(covered("  - {name: a, to: [bad], when: morning, action: block}\n"
                    "  - {name: b, to: [some], when: office, action: block}\n"),
            "");
  EXPECT_EQ(covered("  - {name: a, to: [bad], when: office, action: block}\n"
                    "  - {name: b, to: [some], action: block}\n"),
            "");
  // Where the calendars end the one that blocks holds, the other does not.
  EXPECT_EQ(covered("  - {name: a, to: [bad], when: office, action: allow}\n"
                    "  - {name: b, to: [some], when: morning, action: block}\n"),
            "");
}

TEST(CoveredRules, ExceptionThatExpiresCoversNothingForEver) {
  EXPECT_EQ(covered("  - {name: b, to: [some], action: block}\n",
                    "  - {name: a, to: [bad], action: allow, owner: li, ticket: T-1, expires: 2027-12-31}\n"),
            "");
}

TEST(CoveredRules, DirectionsAndPatternsAreApart) {
  EXPECT_EQ(covered("  - {name: a, action: block}\n"
                    "  - {name: b, direction: inbound, from: [hq], to: [staff], action: allow}\n"
                    "  - {name: c, to: [words], action: allow}\n"),
            "c by a");
  EXPECT_EQ(covered("  - {name: a, to: [bad], action: block}\n  - {name: b, to: [words], action: block}\n"),
            "");
  EXPECT_EQ(covered("  - {name: a, to: [words], action: block}\n  - {name: b, to: [words], action: block}\n"),
            "b by a");
}

TEST(CoveredRules, WarningNamesBothPlaces) {
  const std::string text = std::string(kSite) +
                           "rules:\n  - {name: a, to: [bad], action: block}\n"
                           "  - {name: b, to: [some], action: block}\n";
  const SourceText file{"site.yaml", text};
  const Compiled compiled =
      compile_texts(std::span(&file, 1), ".",
                    [](const std::string&, std::string&, std::string&) { return false; }, 1, {.now = kThen});
  ASSERT_TRUE(compiled.policy);
  bool found = false;
  for (const Diagnostic& each : compiled.diagnostics)
    found |= each.what.find("the rule 'b' never decides: 'a', at site.yaml:") != std::string::npos;
  EXPECT_TRUE(found);
}

}  // namespace
}  // namespace sluice::control
