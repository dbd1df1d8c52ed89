// control/report: a month of a site, for whoever has to show it.
#include "control/report/report.h"

namespace sluice::control {

std::string make_report(const ReportScope& scope, MonthReport& out) {
  out.made_ns = scope.now_ns;
  out.directory = scope.policy.string();
  if (!read_source(scope.policy, out.policy)) {
    const Diagnostics problems = out.policy.report.finish();
    return problems.empty() ? "the policy cannot be read" : to_string(problems.front());
  }
  const TimeZone& zone = out.policy.zone;
  const MonthSpan span = span_of(scope.month, zone);
  out.over = span.end_ns <= scope.now_ns;
  std::function<void(uint64_t, uint64_t)> reading;
  if (scope.progress) {
    reading = [&](uint64_t done, uint64_t all) { static_cast<void>(scope.progress(done, all)); };
  }
  std::string error = find_figures(scope.log, scope.month, figure_terms_of(out.policy.source, zone),
                                   std::move(reading), out.figures);
  if (!error.empty()) {
    return error;
  }
  out.figures_sha256 = figures_sha256(out.figures);
  check_month(scope.log, scope.month, zone, scope.now_ns, scope.progress, out.log);
  out.changes_error = read_changes(scope.state, span.begin_ns, span.end_ns, out.changes);
  out.reviews_error = read_reviews(scope.log, out.reviews, out.review_findings);
  out.overdue = overdue_months(out.reviews, out.log.oldest_ns, scope.now_ns, zone);
  return {};
}

const MonthReview* review_of(const MonthReport& report) {
  const auto found = report.reviews.months.find(month_text(report.figures.month));
  return found == report.reviews.months.end() ? nullptr : &found->second.back();
}

std::string_view word_for(const IncidentWord* word) {
  return word == nullptr ? "open" : word->confirmed ? "confirmed" : "dismissed";
}

}  // namespace sluice::control
