// control/report: the sections that say what the report stands on: the log, the line's register, the review.
#include <algorithm>

#include "control/base/number_text.h"
#include "control/report/page_parts.h"

namespace sluice::control {
namespace {

using enum ReportText;
constexpr uint64_t kDayS = 86'400;

/// `3, 4, 17`: days of the month.
Html days_of(const LogCompleteness& log, DayState state) {
  std::string out;
  for (size_t i = 0; i < log.days.size(); ++i) {
    if (log.days[i] == state) {
      out += (out.empty() ? "" : ", ") + std::to_string(i + 1);
    }
  }
  return Html::of(out);
}

Html witness_said(const PageMaker& page) {
  const LogFindings& check = page.report.log.check;
  return check.unwitnessed_since.empty() ? page.say(LogWitnessAll)
         : check.acknowledged == 0       ? page.say(LogWitnessNone, {page.time(check.unwitnessed_since)})
                                         : page.say(LogWitnessSince, {page.time(check.unwitnessed_since)});
}

Html bandwidth_said(uint64_t bits_per_s) {
  return Html::of(bits_per_s % 1'000'000'000 == 0 ? grouped(bits_per_s / 1'000'000'000) + " Gbit/s"
                                                  : grouped(bits_per_s / 1'000'000) + " Mbit/s");
}

Html term_said(const LineSource& line, std::chrono::local_days today, const ReportWords& say) {
  if (!line.valid_from || !line.valid_until) {
    return say(NotSaid);
  }
  const bool over = *line.valid_until < today, begun = *line.valid_from <= today;
  return say(LineTermSaid, {Html::of(day_text(*line.valid_from)), Html::of(day_text(*line.valid_until))}) +
         Html::of(" ") +
         (over     ? html_chip("stop", say(LineTermOver))
          : !begun ? html_chip("warn", say(LineTermNotYet))
                   : html_chip("good", say(LineTermRuns)));
}

}  // namespace

Html PageMaker::log_section() const {
  const LogCompleteness& log = report.log;
  const LogFindings& check = log.check;
  if (!log.error.empty()) {
    return html_section(say(LogHeading), html_box(true, say(LogUnchecked, {Html::name(log.error)})));
  }
  Html content;
  if (check.problem_count != 0) {
    content +=
        html_box(true, say(LogAltered, {html_number(check.problem_count),
                                        Html::name(check.problems.empty() ? "" : check.problems.front())}));
  } else if (check.records == 0) {
    content += element("p class=\"none\"", say(LogEmpty));
  } else {
    content += element(
        "p",
        html_chip("good wide", say(LogSound, {html_number(check.records), html_number(check.segments)})));
  }
  const size_t over = log.days.size() - log.count(DayState::ToCome);
  std::vector<std::pair<Html, Html>> facts{
      {say(LogDays), say(LogDaysSaid, {html_number(log.count(DayState::Complete)), html_number(over)})}};
  if (log.count(DayState::Gap) != 0) {
    facts.emplace_back(say(LogGapDays), days_of(log, DayState::Gap));
  }
  if (log.count(DayState::Before) != 0) {
    facts.emplace_back(say(LogBefore), days_of(log, DayState::Before));
  }
  facts.emplace_back(say(LogGaps), check.gap_count == 0 ? say(LogGapsNone)
                                                        : say(LogGapsSaid, {html_number(check.gap_count),
                                                                            html_number(check.lost)}));
  facts.emplace_back(say(LogWitnessHead), witness_said(*this));
  facts.emplace_back(say(LogDisclosures), say(LogDisclosuresSaid, {html_number(check.disclosures)}));
  facts.emplace_back(say(LogKept), say(LogKeptDays, {html_number(source().log.said.keep_s / kDayS)}));
  content += html_facts(facts);
  std::vector<Html> gaps;
  for (const std::string& each : check.gaps) {
    gaps.push_back(Html::name(each));
  }
  content += html_list(gaps);
  if (check.gap_count > check.gap_list.size()) {
    content += html_box(false, say(LogGapsMore));
  }
  return html_section(say(LogHeading), content);
}

Html line_facts(const LineSource& line, std::chrono::local_days today, const ReportWords& say) {
  const auto text = [&](const std::string& each) { return each.empty() ? say(NotSaid) : Html::name(each); };
  return html_facts(
      {{say(LineOperator), text(line.operator_name)},
       {say(LineLicence), text(line.licence)},
       {say(LineContract), text(line.contract)},
       {say(LineFiling), text(line.filing)},
       {say(LinePurpose), line.purpose == "internal-office" ? say(LineOffice) : text(line.purpose)},
       {say(LineBandwidth),
        line.bandwidth_bits_per_s == 0 ? say(NotSaid) : bandwidth_said(line.bandwidth_bits_per_s)},
       {say(LineTerm), term_said(line, today, say)},
       {say(LineAfter), say(line.ends_with_term ? LineAfterBlock : LineAfterWarn)}});
}

Html PageMaker::lines_section() const {
  const auto today = LocalClock(report.policy.zone).at(report.made_ns).day;
  Html content;
  for (const LineSource& line : source().lines) {
    content += element("h3", Html::name(line.name.text)) + line_facts(line, today, say);
  }
  return html_section(say(LinesHeading),
                      source().lines.empty() ? element("p class=\"none\"", say(LinesNone)) : content);
}

Html PageMaker::review_section() const {
  Html content;
  if (const MonthReview* const review = review_of(report)) {
    const bool same = review->figures == report.figures_sha256;
    content += element(
        "p", say(ReviewOf, {Html::name(review->by), time(review->time), Html::name(review->finding)}) +
                 Html::of(" ") + html_chip(same ? "good" : "warn", say(same ? ReviewSame : ReviewOther)));
  } else {
    const Month next = report.figures.month + std::chrono::months{1};
    content += element(
        "p", say(ReviewOpen,
                 {Html::of(day_text(std::chrono::local_days{next / std::chrono::day{kReviewDueDay}}))}));
  }
  if (!report.overdue.empty()) {
    std::string months;
    for (const Month each : report.overdue) {
      months += (months.empty() ? "" : ", ") + month_text(each);
    }
    content += html_box(true, say(ReviewOverdue, {Html::of(months)}));
  }
  return html_section(say(ReviewHeading), content);
}

}  // namespace sluice::control
