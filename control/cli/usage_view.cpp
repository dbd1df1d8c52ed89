// control/cli: what the commands that add up the access log have in common.
#include "control/cli/usage_view.h"

#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>

#include "control/base/utc.h"
#include "control/cli/table.h"
#include "control/cli/terminal.h"
#include "control/policy/utf8.h"

namespace sluice::control {
namespace {

constexpr size_t kProblemsShown = 5;

ProgressLine& progress_line() {
  static ProgressLine line;
  return line;
}

void show_share_read(uint64_t done, uint64_t all) {
  if (all != 0 && progress_line().is_due()) {
    progress_line().show(std::to_string(std::min<uint64_t>(100, done * 100 / all)) + " % of " +
                         bytes_text(all) + " read");
  }
}

std::string shown_bound(const std::string& text) {
  return minute_text(parse_utc(text).value_or(0));
}

}  // namespace

bool read_period(const UsagePeriod& period, UsageScope& scope) {
  scope.log = period.log;
  if (!read_bound(period.since, false, scope.query.since) ||
      !read_bound(period.until, true, scope.query.until)) {
    return false;
  }
  if (!scope.query.since.empty() && !scope.query.until.empty() && scope.query.since > scope.query.until) {
    std::cerr << "sluicectl: the period ends before it begins\n";
    return false;
  }
  if (::isatty(STDERR_FILENO) == 1) {
    scope.progress = show_share_read;
  }
  return true;
}

bool finish_reading(const std::string& error, const SearchFindings& findings) {
  progress_line().clear();
  if (!error.empty()) {
    std::cerr << "sluicectl: " << error << "\n";
    return false;
  }
  const size_t shown = std::min(kProblemsShown, findings.problems.size());
  for (size_t i = 0; i < shown; ++i) {
    std::cerr << "sluicectl: left out: " << printable(findings.problems[i]) << "\n";
  }
  if (findings.problem_count > shown) {
    std::cerr << "sluicectl: and " << grouped(findings.problem_count - shown)
              << " more parts of the log that cannot be read\n";
  }
  return true;
}

std::string period_text(const UsageScope& scope) {
  const QueryOptions& query = scope.query;
  if (query.since.empty() && query.until.empty()) {
    return "in all of the log";
  }
  return (query.since.empty() ? "" : "since " + shown_bound(query.since)) +
         (query.since.empty() || query.until.empty() ? "" : " ") +
         (query.until.empty() ? "" : "until " + shown_bound(query.until)) + " UTC";
}

void add_period(nlohmann::json& out, const UsageScope& scope, const SearchFindings& findings) {
  const auto bound = [](const std::string& text) {
    return text.empty() ? nlohmann::json() : nlohmann::json(text);
  };
  out["since"] = bound(scope.query.since);
  out["until"] = bound(scope.query.until);
  out["problems"] = findings.problems;
  out["problem_count"] = findings.problem_count;
}

}  // namespace sluice::control
