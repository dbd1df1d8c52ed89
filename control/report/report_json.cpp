// control/report: a month's report as JSON.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "control/base/utc.h"
#include "control/report/report.h"

namespace sluice::control {
namespace {

using nlohmann::json;

constexpr std::string_view kDayWords[] = {"complete", "gap", "before-log", "to-come"};

json word_json(const IncidentWord& word) {
  return {{"word", word_for(&word)},
          {"by", word.by},
          {"finding", word.finding},
          {"time", word.time},
          {"user", word.user}};
}

json log_json(const LogCompleteness& log) {
  json days = json::array();
  for (const DayState day : log.days) {
    days.push_back(kDayWords[static_cast<size_t>(day)]);
  }
  const LogFindings& check = log.check;
  return {{"error", log.error.empty() ? json() : json(log.error)},
          {"altered", check.problem_count != 0},
          {"problem_count", check.problem_count},
          {"problems", check.problems},
          {"segments", check.segments},
          {"records", check.records},
          {"gap_count", check.gap_count},
          {"gaps", check.gaps},
          {"lost", check.lost},
          {"days", std::move(days)},
          {"disclosures", check.disclosures},
          {"witnessed_to_line", check.acknowledged},
          {"unwitnessed_since", check.unwitnessed_since.empty() ? json() : json(check.unwitnessed_since)}};
}

json changes_json(const MonthReport& report) {
  json changes = json::array(), bypasses = json::array();
  for (const PolicyChange& each : report.changes.changes) {
    changes.push_back({{"generation", each.generation},
                       {"time", utc_text(each.time_ns)},
                       {"author", each.author},
                       {"reason", each.reason},
                       {"sha256", each.sha256},
                       {"rollback_to", each.rollback_to},
                       {"refused", each.refused}});
  }
  for (const BypassTime& each : report.changes.bypasses) {
    bypasses.push_back({{"from", utc_text(each.from_ns)},
                        {"until", utc_text(each.until_ns)},
                        {"ended_early", each.ended_early},
                        {"author", each.author},
                        {"reason", each.reason}});
  }
  return {{"error", report.changes_error.empty() ? json() : json(report.changes_error)},
          {"altered", report.changes.findings.problems},
          {"changes", std::move(changes)},
          {"left_out", report.changes.left_out},
          {"bypasses", std::move(bypasses)}};
}

json lines_json(const PolicySource& source) {
  json out = json::array();
  for (const LineSource& line : source.lines) {
    const auto day = [](const std::optional<std::chrono::local_days>& each) {
      return each ? json(day_text(*each)) : json();
    };
    out.push_back({{"name", line.name.text},
                   {"operator", line.operator_name},
                   {"licence", line.licence},
                   {"contract", line.contract},
                   {"filing", line.filing},
                   {"purpose", line.purpose},
                   {"bandwidth_bits_per_second", line.bandwidth_bits_per_s},
                   {"from", day(line.valid_from)},
                   {"until", day(line.valid_until)},
                   {"refused_after", line.ends_with_term}});
  }
  return out;
}

json exceptions_json(const MonthReport& report) {
  json out = json::array();
  for (const ExceptionSource& each : report.policy.source.exceptions) {
    json expires;
    if (each.expires) {
      const auto end = report.policy.zone.to_utc(*each.expires).time_since_epoch();
      expires = utc_text(std::chrono::nanoseconds(end).count());
    }
    out.push_back({{"name", each.rule.name.text},
                   {"owner", each.owner},
                   {"ticket", each.ticket},
                   {"expires", std::move(expires)}});
  }
  return out;
}

json months_json(const std::vector<Month>& months) {
  json out = json::array();
  for (const Month each : months) {
    out.push_back(month_text(each));
  }
  return out;
}

}  // namespace

json incident_json(const Incident& incident, const Reviews& reviews) {
  const IncidentWord* const word = reviews.word_on(incident.id);
  json words = json::array();
  if (word != nullptr) {
    for (const IncidentWord& each : reviews.incidents.find(incident.id)->second) {
      words.push_back(word_json(each));
    }
  }
  return {{"id", incident.id},
          {"state", word_for(word)},
          {"who", incident.who},
          {"address", incident.address},
          {"network", incident.network},
          {"rule", incident.rule},
          {"first", utc_text(incident.first_ns)},
          {"last", utc_text(incident.last_ns)},
          {"accesses", incident.accesses},
          {"asked", incident.asked},
          {"words", std::move(words)}};
}

json report_json(const MonthReport& report) {
  const PolicySource& source = report.policy.source;
  json violations = json::array();
  for (const Incident& each : report.figures.incidents) {
    violations.push_back(incident_json(each, report.reviews));
  }
  json review;
  if (const MonthReview* const last = review_of(report)) {
    review = {{"by", last->by},
              {"time", last->time},
              {"finding", last->finding},
              {"figures", last->figures},
              {"same_figures", last->figures == report.figures_sha256},
              {"head", {{"line", last->head_line}, {"sha256", last->head_sha256}}}};
  }
  return {{"month", month_text(report.figures.month)},
          {"over", report.over},
          {"made", utc_text(report.made_ns)},
          {"site", source.site ? source.site->text : ""},
          {"timezone", source.timezone ? source.timezone->text : "UTC"},
          {"policy", {{"directory", report.directory}, {"digest", report.policy.digest}}},
          {"figures", figures_json(report.figures)},
          {"figures_sha256", report.figures_sha256},
          {"violations", std::move(violations)},
          {"history", changes_json(report)},
          {"exceptions", exceptions_json(report)},
          {"log", log_json(report.log)},
          {"lines", lines_json(source)},
          {"review", std::move(review)},
          {"overdue", months_json(report.overdue)},
          {"reviews_error", report.reviews_error.empty() ? json() : json(report.reviews_error)},
          {"reviews_altered", report.review_findings.problems},
          {"problems", report.figures.findings.problems},
          {"problem_count", report.figures.findings.problem_count}};
}

}  // namespace sluice::control
