// control/report: the sections that say what people did: violations, changes, exceptions, bypasses.
#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "control/report/page_parts.h"

namespace sluice::control {
namespace {

using enum ReportText;
constexpr size_t kIncidentsShown = 100, kChangesShown = 200;

/// The confirmed incidents of one person against one rule.
struct ConfirmedRow {
  uint64_t incidents = 0;
  std::set<std::string> by, findings;
};
using ConfirmedRows = std::map<std::pair<std::string, std::string>, ConfirmedRow>;

Html joined(const std::set<std::string>& texts) {
  Html out;
  for (const std::string& each : texts) {
    out += (out.empty() ? Html() : Html::of("; ")) + Html::name(each);
  }
  return out;
}

HtmlRows confirmed_html(const ConfirmedRows& confirmed) {
  HtmlRows out;
  for (const auto& [key, row] : confirmed) {
    out.push_back({Html::name(key.first), Html::name(key.second), html_number(row.incidents), joined(row.by),
                   joined(row.findings)});
  }
  return out;
}

}  // namespace

Html PageMaker::violations_section() const {
  const Figures& figures = report.figures;
  ConfirmedRows confirmed;
  HtmlRows open;
  uint64_t confirmed_count = 0, dismissed = 0;
  for (const Incident& each : figures.incidents) {
    const IncidentWord* const word = report.reviews.word_on(each.id);
    if (word == nullptr) {
      open.push_back({html_code(each.id), Html::name(each.rule), Html::name(each.network),
                      time(each.first_ns), html_number(each.accesses)});
      continue;
    }
    dismissed += !word->confirmed;
    if (word->confirmed) {
      ++confirmed_count;
      ConfirmedRow& row = confirmed[{each.who, each.rule}];
      ++row.incidents;
      row.by.insert(word->by);
      row.findings.insert(word->finding);
    }
  }
  const bool has_rule = std::ranges::any_of(source().rules, &RuleSource::violation);
  Html content =
      has_rule
          ? element("p", say(ViolationsLead,
                             {html_number(confirmed_count), html_number(dismissed), html_number(open.size()),
                              html_number(static_cast<uint64_t>(kIncidentQuiet.count()))}))
          : element("p class=\"none\"", say(ViolationsNoRules));
  if (figures.incidents_left_out != 0) {
    content += html_box(true, say(ViolationsLeftOut, {html_number(figures.incidents_left_out)}));
  }
  if (!confirmed.empty()) {
    content +=
        element("h3", say(ViolationsConfirmed)) +
        table({{say(Person)}, {say(RuleHead)}, {say(Incidents), true}, {say(ConfirmedBy)}, {say(Finding)}},
              confirmed_html(confirmed), kIncidentsShown, NoRows);
  }
  if (!open.empty()) {
    content +=
        element("h3", say(ViolationsOpen)) +
        table({{say(IncidentHead)}, {say(RuleHead)}, {say(NetworkHead)}, {say(Began)}, {say(Accesses), true}},
              std::move(open), kIncidentsShown, NoRows) +
        element("p class=\"note\"", say(ViolationsOpenNote));
  }
  if (!report.reviews_error.empty()) {
    content += html_box(true, say(ReviewsUnknown, {Html::name(report.reviews_error)}));
  }
  if (!report.review_findings.problems.empty()) {
    content += html_box(true, say(ReviewsAltered, {Html::name(report.review_findings.problems.front())}));
  }
  return html_section(say(ViolationsHeading), content);
}

Html PageMaker::changes_section() const {
  const PolicyChanges& changes = report.changes;
  Html content;
  if (!report.changes_error.empty()) {
    content += html_box(true, say(ChangesUnknown, {Html::name(report.changes_error)}));
    return html_section(say(ChangesHeading), content);
  }
  if (!changes.findings.problems.empty()) {
    content += html_box(true, say(ChangesAltered, {Html::name(changes.findings.problems.front())}));
  }
  HtmlRows rows;
  for (const PolicyChange& each : changes.changes) {
    Html what = Html::name(each.reason);
    if (each.rollback_to != 0) {
      what += Html::of(" ") + html_chip("", say(RolledBack, {html_number(each.rollback_to)}));
    }
    if (each.refused) {
      what += Html::of(" ") + html_chip("stop", say(Refused));
    }
    rows.push_back({time(each.time_ns), html_number(each.generation), Html::name(each.author), what});
  }
  return html_section(
      say(ChangesHeading),
      content + table({{say(TimeHead)}, {say(Generation), true}, {say(Author)}, {say(ReasonHead)}},
                      std::move(rows), kChangesShown, ChangesNone));
}

Html PageMaker::exceptions_section() const {
  HtmlRows rows;
  const auto& used = report.figures.rules.rows;
  for (const ExceptionSource& each : source().exceptions) {
    const auto hits = std::ranges::find(used, each.rule.name.text, &UsageRow::key);
    Html ends = say(NotSaid);
    if (each.expires) {
      const int64_t end_ns =
          std::chrono::nanoseconds(report.policy.zone.to_utc(*each.expires).time_since_epoch()).count();
      ends = time(end_ns - 1);  // it holds until then
      if (end_ns <= report.made_ns) {
        ends += Html::of(" ") + html_chip("warn", say(Ended));
      }
    }
    rows.push_back({Html::name(each.rule.name.text), Html::name(each.owner), Html::name(each.ticket), ends,
                    html_number(hits == used.end() ? 0 : hits->count.accesses)});
  }
  Html content = rows.empty() ? Html() : element("p class=\"note\"", say(ExceptionsNote));
  return html_section(
      say(ExceptionsHeading),
      table({{say(ExceptionHead)}, {say(Owner)}, {say(Ticket)}, {say(Ends)}, {say(Hits), true}},
            std::move(rows), kChangesShown, ExceptionsNone) +
          content);
}

Html PageMaker::bypasses_section() const {
  HtmlRows rows;
  for (const BypassTime& each : report.changes.bypasses) {
    Html until = time(each.until_ns);
    if (each.ended_early) {
      until += Html::of(" ") + html_chip("", say(EndedEarly));
    }
    rows.push_back({time(each.from_ns), until, Html::name(each.author), Html::name(each.reason)});
  }
  if (!report.changes_error.empty()) {
    return html_section(say(BypassHeading),
                        html_box(true, say(ChangesUnknown, {Html::name(report.changes_error)})));
  }
  return html_section(say(BypassHeading), table({{say(From)}, {say(Until)}, {say(Author)}, {say(ReasonHead)}},
                                                std::move(rows), kChangesShown, BypassNone));
}

}  // namespace sluice::control
