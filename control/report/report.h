// control/report: a month of a site, for whoever has to show it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "control/page/language.h"
#include "control/policy/read_source.h"
#include "control/report/changes.h"
#include "control/report/completeness.h"
#include "control/report/figures.h"
#include "control/review/reviews.h"

namespace sluice::control {

/// Called often; false stops the check of the log.
using ReportProgress = std::function<bool(uint64_t done, uint64_t all)>;

struct ReportScope {
  std::filesystem::path log, state, policy;
  Month month{};
  int64_t now_ns = 0;       ///< UTC since 1970
  ReportProgress progress;  ///< of the two readings of the log; may be empty
};

/// All that a report says.
struct MonthReport {
  ReadSource policy;
  std::string directory;  ///< of the policy
  int64_t made_ns = 0;
  bool over = false;  ///< the month is
  Figures figures;
  std::string figures_sha256;
  LogCompleteness log;
  PolicyChanges changes;
  std::string changes_error;  ///< why they are not known; empty: they are
  Reviews reviews;
  SealedFindings review_findings;
  std::string reviews_error;
  std::vector<Month> overdue;  ///< months that are not reviewed in time
};

/// Reads the log twice: adding it up, and checking it. Returns an empty string, or why there can be no
/// report: the policy or the log cannot be read. What else is missing, the report says.
[[nodiscard]] std::string make_report(const ReportScope& scope, MonthReport& out);

/// What was said last of the month; nullptr: nothing.
[[nodiscard]] const MonthReview* review_of(const MonthReport& report);

/// A whole page.
[[nodiscard]] std::string report_page(const MonthReport& report, Language language);
[[nodiscard]] nlohmann::json report_json(const MonthReport& report);
/// One incident, with the word on it.
[[nodiscard]] nlohmann::json incident_json(const Incident& incident, const Reviews& reviews);

/// `confirmed`, `dismissed` or `open`.
[[nodiscard]] std::string_view word_for(const IncidentWord* word);

}  // namespace sluice::control
