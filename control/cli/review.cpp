// control/cli: sluicectl review.
#include <iostream>
#include <nlohmann/json.hpp>

#include "control/base/clock.h"
#include "control/base/utc.h"
#include "control/cli/client.h"
#include "control/cli/commands.h"
#include "control/cli/note_reading.h"
#include "control/cli/reports.h"
#include "control/cli/table.h"
#include "control/cli/usage_view.h"
#include "control/policy/utf8.h"

namespace sluice::control {
namespace {

using nlohmann::json;

json months_reviewed(const Reviews& reviews) {
  json out = json::array();
  for (const auto& [month, all] : reviews.months) {
    for (const MonthReview& each : all) {
      out.push_back({{"month", month},
                     {"by", each.by},
                     {"finding", each.finding},
                     {"time", each.time},
                     {"user", each.user},
                     {"figures", each.figures},
                     {"head", {{"line", each.head_line}, {"sha256", each.head_sha256}}}});
    }
  }
  return out;
}

void print_reviews(const Reviews& reviews, const std::vector<Month>& overdue, const TimeZone& zone) {
  const size_t width = output_width();
  for (const auto& [month, all] : reviews.months) {
    const MonthReview& last = all.back();
    std::cout << month << "  "
              << wrapped("reviewed by " + printable(last.by) + " on " +
                             local_minute(parse_utc(last.time).value_or(0), zone) + ": " +
                             printable(last.finding),
                         width, sizeof "2026-11  " - 1)
              << "\n";
  }
  for (const Month each : overdue) {
    std::cout << month_text(each) << "  " << coloured(Colour::Yellow, "overdue") << "\n";
  }
  if (reviews.months.empty() && overdue.empty()) {
    std::cout << wrapped("no month was reviewed, and none is overdue", width, 0) << "\n";
  }
}

}  // namespace

int run_reviews(const ReviewCommand& command) {
  if (!command.by.empty() || !command.finding.empty()) {
    return cannot_do("which month was reviewed? --month 2026-11");
  }
  ReadSource policy;
  Reviews reviews;
  SealedFindings altered;
  if (!read_policy_source(command.policy, policy)) {
    return kCannot;
  }
  if (const std::string why = read_reviews(command.log, reviews, altered); !why.empty()) {
    return cannot_do(why);
  }
  const auto overdue = overdue_months(reviews, oldest_record_ns(command.log), utc_now_ns(), policy.zone);
  for (const std::string& each : altered.problems) {
    std::cerr << "sluicectl: the reviews were ALTERED: " << printable(each) << "\n";
  }
  if (!command.json) {
    print_reviews(reviews, overdue, policy.zone);
    return kDone;
  }
  json out{{"reviews", months_reviewed(reviews)}, {"overdue", json::array()}, {"altered", altered.problems}};
  for (const Month each : overdue) {
    out["overdue"].push_back(month_text(each));
  }
  std::cout << out.dump(2, ' ', false, json::error_handler_t::replace) << "\n";
  return kDone;
}

int run_review(const std::string& socket, const ReviewCommand& command) {
  if (command.by.empty() || command.finding.empty()) {
    return cannot_do("a review needs --by and --finding");
  }
  ReadSource policy;
  const auto month = read_policy_and_month(command.policy, command.month, policy);
  if (!month) {
    return kCannot;
  }
  note_reading(socket, "review", {{"month", month_text(*month)}, {"log", command.log}});
  LogReadingLine progress("log");
  Figures figures;
  const std::string error = find_figures(
      command.log, *month, figure_terms_of(policy.source, policy.zone),
      [&](uint64_t done, uint64_t all) { progress(done, all); }, figures);
  progress.clear();
  if (!finish_reading(error, figures.findings)) {
    return kCannot;
  }
  int status = kCannot;
  const std::string sum = figures_sha256(figures);
  const json request{{"command", "review"},
                     {"month", month_text(*month)},
                     {"by", command.by},
                     {"finding", command.finding},
                     {"figures", sum}};
  if (order(socket, request, command.json, status)) {
    std::cout << wrapped(month_text(*month) + " is reviewed by " + printable(command.by) + ": " +
                             accesses_text(figures.all.accesses) + ", figures " + sum,
                         output_width(), 0)
              << "\n";
  }
  return status;
}

}  // namespace sluice::control
