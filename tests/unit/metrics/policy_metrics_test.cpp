// metrics tests: rules, networks and exceptions, in a bounded number of series.
#include "control/metrics/policy_metrics.h"

#include <gtest/gtest.h>
#include <prometheus/text_serializer.h>

#include <algorithm>

namespace sluice::control {
namespace {

std::string text_of(const std::vector<prometheus::MetricFamily>& families) {
  return "\n" + prometheus::TextSerializer().Serialize(families);
}
bool shows(const std::string& text, const std::string& line) {
  return text.find("\n" + line + "\n") != std::string::npos;
}
size_t series_of(const std::vector<prometheus::MetricFamily>& families, const std::string& name) {
  const auto found = std::ranges::find(families, name, &prometheus::MetricFamily::name);
  return found == families.end() ? 0 : found->metric.size();
}
std::vector<std::string> numbered(const std::string& prefix, size_t count) {
  std::vector<std::string> out;
  for (size_t i = 0; i < count; ++i) {
    out.push_back(prefix + std::to_string(i));
  }
  return out;
}

TEST(PolicyMetrics, RulesAndNetworksAreCountedByAction) {
  AccessCounts counts;
  const std::vector<std::string> rules{"no-malware", "hq"};
  counts.rules.know(rules);
  counts.networks.know(std::vector<std::string>{"staff"});
  counts.rules.add("no-malware", 1, 7);
  counts.networks.add("staff", 0, 3);
  counts.networks.add("of an older policy", 0, 2);
  RuleHits hits;
  hits.rules["no-malware"] = {9, 1'500'000'000'500'000'000};
  hits.rules["gone"] = {9, 1};
  std::vector<prometheus::MetricFamily> families;
  add_rule_figures(rules, hits, counts, families);
  const std::string text = text_of(families);
  EXPECT_TRUE(shows(text, "sluice_rule_accesses_total{rule=\"no-malware\",action=\"blocked\"} 7")) << text;
  EXPECT_TRUE(shows(text, "sluice_rule_accesses_total{rule=\"hq\",action=\"allowed\"} 0"));
  EXPECT_TRUE(shows(text, "sluice_rule_accesses_total{rule=\"other\",action=\"allowed\"} 0"));
  EXPECT_TRUE(shows(text, "sluice_network_accesses_total{network=\"staff\",action=\"allowed\"} 3"));
  EXPECT_TRUE(shows(text, "sluice_network_accesses_total{network=\"other\",action=\"allowed\"} 2"));
  EXPECT_TRUE(shows(text, "sluice_rule_last_hit_timestamp_seconds{rule=\"no-malware\"} 1500000000.5"));
  EXPECT_TRUE(shows(text, "sluice_rule_last_hit_timestamp_seconds{rule=\"hq\"} 0"));
  EXPECT_TRUE(shows(text, "sluice_policy_rules{used=\"yes\"} 1"));
  EXPECT_TRUE(shows(text, "sluice_policy_rules{used=\"no\"} 1"));
  EXPECT_EQ(text.find("gone"), std::string::npos);
}

TEST(PolicyMetrics, ManyRulesAndNetworksHaveABoundedNumberOfSeries) {
  AccessCounts counts;
  const auto rules = numbered("rule-", 5000);
  counts.rules.know(rules);
  counts.networks.know(numbered("network-", 5000));
  std::vector<prometheus::MetricFamily> families;
  add_rule_figures(rules, {}, counts, families);
  EXPECT_EQ(series_of(families, "sluice_rule_accesses_total"), (AccessCounts::kMaxRules + 1) * kActionCount);
  EXPECT_EQ(series_of(families, "sluice_network_accesses_total"),
            (AccessCounts::kMaxNetworks + 1) * kActionCount);
  EXPECT_EQ(series_of(families, "sluice_rule_last_hit_timestamp_seconds"), AccessCounts::kMaxRules);
  EXPECT_TRUE(shows(text_of(families), "sluice_policy_rules{used=\"no\"} 5000"));
}

TEST(PolicyMetrics, ExceptionsThatEndLaterShareOneSeries) {
  PolicyTerms terms;
  for (size_t i = 0; i < kMaxExceptionSeries + 3; ++i) {
    terms.exceptions.push_back(
        {"e" + std::to_string(i), "li.wei", "IT-1", static_cast<int64_t>(1'500'000'000 + i)});
  }
  terms.exceptions.front().name = "other";
  std::vector<prometheus::MetricFamily> families;
  add_exception_ends(terms, families);
  EXPECT_EQ(series_of(families, "sluice_exception_ends_timestamp_seconds"), kMaxExceptionSeries + 1);
  const std::string text = text_of(families);
  EXPECT_TRUE(shows(text, "sluice_exception_ends_timestamp_seconds{exception=\"e1\"} 1500000001")) << text;
  EXPECT_TRUE(shows(text, "sluice_exception_ends_timestamp_seconds{exception=\"other\"} 1500000000"));
  EXPECT_EQ(text.find("li.wei"), std::string::npos);
}

TEST(PolicyMetrics, WithoutExceptionsThereIsNoEnd) {
  std::vector<prometheus::MetricFamily> families;
  add_exception_ends({}, families);
  EXPECT_EQ(series_of(families, "sluice_exception_ends_timestamp_seconds"), 0U);
}

}  // namespace
}  // namespace sluice::control
