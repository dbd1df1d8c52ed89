// report tests: a log, a policy and a history of a site.
#pragma once

#include <string>

#include "control/report/report.h"
#include "control/review/review_book.h"
#include "tests/unit/usage/usage_log.h"

namespace sluice::control {

inline constexpr const char* kReportPolicy = R"(
site: test-office
timezone: Asia/Shanghai
contact: "desk, ext. 1"
lines:
  iplc-sg: {operator: Example Telecom, licence: A1, contract: C1, filing: F1, purpose: internal-office, bandwidth: 200M,
            link: [192.0.2.1, 192.0.2.2], valid: {from: 2026-01-01, until: 2039-12-31}, on-expiry: warn}
users:
  li.wei: {addresses: [10.20.1.7], groups: [staff-members]}
networks:
  staff: {prefixes: [10.20.0.0/16], groups: [staff-members], line: iplc-sg, default: allow}
  finance: {prefixes: [10.21.0.0/16], line: iplc-sg, default: block}
offices:
  hq-sg: {entity: Example Pte, prefixes: [10.64.0.0/12]}
rules:
  - {name: no-bets, to: [bet.example], action: block, violation: true}
  - {name: essential, to: [erp.example], action: allow}
exceptions:
  - {name: audit, from: [10.20.9.7], to: [vendor.example], action: allow, owner: li.wei, ticket: IT-1, expires: 2026-12-31}
)";

/// 2026-11-23T04:05:06Z is 12:05:06 in Shanghai.
struct ReportLog : UsageLog {
  std::filesystem::path policy = root / "policies";

  ReportLog() { policy_is(kReportPolicy); }
  void policy_is(const std::string& text) const {
    std::filesystem::create_directories(policy);
    write(policy / "site.yaml", text);
  }
  ReadSource source() const {
    ReadSource out;
    EXPECT_TRUE(read_source(policy, out)) << to_string(out.report.finish().front());
    return out;
  }
  FigureTerms terms() const {
    const ReadSource read = source();
    return figure_terms_of(read.source, read.zone);
  }
  Figures figures(const char* month = "2026-11") {
    save();
    Figures out;
    EXPECT_EQ(find_figures(log, month_of(month).value(), terms(), {}, out), "");
    return out;
  }
  MonthReport report(int64_t now_ns = kNow + 20 * 86'400 * kSecond, const char* month = "2026-11") {
    save();
    MonthReport out;
    EXPECT_EQ(make_report({.log = log,
                           .state = state,
                           .policy = policy,
                           .month = month_of(month).value(),
                           .now_ns = now_ns,
                           .progress = {}},
                          out),
              "");
    return out;
  }
  /// A history of control, as lines in its state directory.
  void history(const std::vector<nlohmann::json>& lines) {
    std::filesystem::create_directories(state);
    const auto file = SealedFile::open(history_paths(state), "history", {}, error);
    ASSERT_NE(file, nullptr) << error;
    for (const nlohmann::json& each : lines) {
      ASSERT_EQ(file->append(each), "");
    }
  }
};

}  // namespace sluice::control
