// control/report: the page of a month's report, section by section.
#include "control/report/page_parts.h"

#include <algorithm>
#include <cstdio>

#include "control/base/number_text.h"
#include "control/base/utc.h"

namespace sluice::control {
namespace {

using enum ReportText;

Html share_of(uint64_t part, uint64_t whole) {
  char out[32];
  std::snprintf(out, sizeof out, "%.1f %%",
                whole == 0 ? 0.0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole));
  return Html::of(out);
}

Html key_figures(const PageMaker& page) {
  const MonthReport& report = page.report;
  const Figures& figures = report.figures;
  uint64_t bytes = 0;
  for (const Figures::Bytes& each : figures.bytes) {
    bytes += each.up + each.down;
  }
  const auto confirmed = std::ranges::count_if(figures.incidents, [&](const Incident& each) {
    const IncidentWord* const word = report.reviews.word_on(each.id);
    return word != nullptr && word->confirmed;
  });
  const auto over = report.log.days.size() - report.log.count(DayState::ToCome);
  return element(
      "div class=\"figures\"",
      html_figure(html_bytes(bytes), page.say(KeyBytes)) +
          html_figure(html_number(figures.all.accesses), page.say(KeyAccesses)) +
          html_figure(html_number(figures.all.blocked),
                      page.say(KeyBlocked, {share_of(figures.all.blocked, figures.all.accesses)}), true) +
          html_figure(html_number(static_cast<uint64_t>(confirmed)), page.say(KeyViolations),
                      confirmed != 0) +
          html_figure(
              Html::of(std::to_string(report.log.count(DayState::Complete)) + "/" + std::to_string(over)),
              page.say(KeyDays), report.log.check.gap_count != 0));
}

Html notices(const PageMaker& page) {
  const MonthReport& report = page.report;
  Html out;
  if (!report.over) {
    out += html_box(false, page.say(NotOver, {page.time(report.made_ns)}));
  }
  if (const SearchFindings& found = report.figures.findings; found.problem_count != 0) {
    out += html_box(
        true, page.say(Unreadable, {html_number(found.problem_count), Html::name(found.problems.front())}));
  }
  if (report.figures.all.accesses == 0) {
    out += html_box(false, page.say(EmptyMonth));
  }
  return out;
}

}  // namespace

Html html_figure(const Html& value, const Html& label, bool stop) {
  return element(stop ? "div class=\"figure stop\"" : "div class=\"figure\"",
                 element("b", value) + element("span", label));
}
Html html_time(int64_t time_ns, const TimeZone& zone) {
  return element("time", Html::of(local_minute(time_ns, zone)));
}
Html html_number(uint64_t number) {
  return Html::of(grouped(number));
}
Html html_bytes(uint64_t bytes) {
  return Html::of(bytes_text(bytes));
}
Html html_code(std::string_view text) {
  return element("code", Html::of(text));
}
Html html_chip(std::string_view kind, const Html& text) {
  return element(kind.empty() ? "span class=\"chip\"" : "span class=\"chip " + std::string(kind) + "\"",
                 text);
}
Html html_box(bool serious, const Html& text) {
  return element(serious ? "div class=\"box stop\"" : "div class=\"box\"", text) + Html::trusted("\n");
}

std::string month_name(Month month, Language language) {
  static constexpr const char* kNames[] = {"January",   "February", "March",    "April",
                                           "May",       "June",     "July",     "August",
                                           "September", "October",  "November", "December"};
  const auto number = static_cast<unsigned>(month.month());
  const std::string year = std::to_string(static_cast<int>(month.year()));
  return language == Language::Chinese ? year + "年" + std::to_string(number) + "月"
                                       : std::string(kNames[number - 1]) + " " + year;
}

Html PageMaker::time(const std::string& text) const {
  const auto moment = parse_utc(text);
  return moment ? time(*moment) : Html::name(text);
}

Html PageMaker::table(const std::vector<HtmlColumn>& columns, HtmlRows rows, size_t most,
                      ReportText none) const {
  const size_t more = rows.size() > most ? rows.size() - most : 0;
  rows.resize(rows.size() - more);
  Html out = html_table(columns, rows, say(none));
  if (more != 0) {
    out += element("p class=\"note\"", say(MoreRows, {html_number(more)}));
  }
  return out;
}

std::string report_page(const MonthReport& report, Language language) {
  const PageMaker page{report, ReportWords{language}};
  const PolicySource& source = report.policy.source;
  const Html site = Html::name(source.site ? source.site->text : "");
  const std::string month = month_name(report.figures.month, language);
  const std::string zone = source.timezone ? source.timezone->text : "UTC";
  const PageFrame frame{
      .language = language,
      .title =
          filled_in(page.say.text(ReportTitle), {month}) + " – " + (source.site ? source.site->text : ""),
      .eyebrow = page.say(Eyebrow, {site}),
      .heading = page.say(ReportTitle, {Html::of(month)}),
      .subtitle = page.say(MadeOn, {page.time(report.made_ns), Html::name(zone)}),
      .footer = page.say(Footer, {html_code(report.figures_sha256), Html::name(report.directory),
                                  html_code(report.policy.digest)})};
  return html_page(frame, notices(page) + page.bytes_figures() + page.bytes_section() + key_figures(page) +
                              page.accesses_section() + page.blocked_names_section() +
                              page.violations_section() + page.tunnels_section() + page.sources_section() +
                              page.changes_section() + page.exceptions_section() + page.bypasses_section() +
                              page.log_section() + page.lines_section() + page.review_section());
}

}  // namespace sluice::control
