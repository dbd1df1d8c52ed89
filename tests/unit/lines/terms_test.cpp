// lines tests: the terms that a policy brings along.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "control/policy/policy_terms.h"
#include "tests/unit/control_policy/compile_helper.h"

namespace sluice::control {
namespace {

constexpr std::string_view kPolicy =
    "site: office\n"
    "timezone: Asia/Shanghai\n"
    "lines:\n"
    "  l: {operator: o, licence: l, contract: c, filing: f, purpose: internal-office, bandwidth: 200M,\n"
    "      valid: {from: 2020-01-01, until: 2026-12-31}, on-expiry: block}\n"
    "  m: {operator: o, licence: l, contract: c, filing: f, purpose: internal-office}\n"
    "networks: {staff: {prefixes: [10.20.0.0/16], line: l, default: allow}}\n"
    "exceptions:\n"
    "  - {name: later, from: [staff], to: [a.example], action: allow, owner: o, ticket: T-2, expires: "
    "2027-02-01}\n"
    "  - {name: sooner, from: [staff], to: [b.example], action: allow, owner: li.wei, ticket: T-1, expires: "
    "2026-12-01}\n";

int64_t shanghai(std::chrono::year_month_day day) {
  return (std::chrono::sys_days{day} - std::chrono::hours{8}).time_since_epoch() / std::chrono::seconds{1};
}

PolicyTerms compiled_terms() {
  const Compiled compiled = test::compile({{"t", std::string(kPolicy)}});
  EXPECT_TRUE(compiled.policy) << (compiled.diagnostics.empty() ? "" : to_string(compiled.diagnostics[0]));
  return compiled.policy ? compiled.policy->terms : PolicyTerms{};
}

TEST(PolicyTerms, EndAtTheSitesMidnightTheFirstFirst) {
  using namespace std::chrono;
  const PolicyTerms terms = compiled_terms();
  EXPECT_EQ(terms.timezone, "Asia/Shanghai");
  const std::vector<LineTerm> lines{{"l", 200'000'000, shanghai(2027y / 1 / 1), true}, {"m", 0, 0, false}};
  EXPECT_EQ(terms.lines, lines);
  const std::vector<ExceptionTerm> exceptions{{"sooner", "li.wei", "T-1", shanghai(2026y / 12 / 2)},
                                              {"later", "o", "T-2", shanghai(2027y / 2 / 2)}};
  EXPECT_EQ(terms.exceptions, exceptions);
}

TEST(PolicyTerms, SurviveTheWay) {
  const PolicyTerms terms = compiled_terms();
  EXPECT_EQ(terms_from(terms_json(terms)), terms);
  for (const char* text :
       {"{}", "7", R"({"lines": [], "exceptions": [{}]})", R"({"lines": [{"name": 3}], "exceptions": []})",
        R"({"lines": 1, "exceptions": 1})"}) {
    EXPECT_EQ(terms_from(nlohmann::json::parse(text)), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace sluice::control
