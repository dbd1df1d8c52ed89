// control/report: what is held on one person, as a page and as JSON.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "control/base/number_text.h"
#include "control/base/utc.h"
#include "control/page/html.h"
#include "control/report/page_parts.h"
#include "control/report/subject.h"
#include "control/report/texts.h"

namespace sluice::control {
namespace {

using enum ReportText;
using nlohmann::json;
constexpr uint64_t kSecondsOfDay = 86'400;

class SubjectPage {
 public:
  SubjectPage(const SubjectFound& found, Language language) : found_(found), say_{language} {}

  Html summary() const {
    const UsageCount& all = found_.all;
    if (found_.days.empty()) {
      return html_section(say_(SubjectSummary), element("p class=\"none\"", say_(SubjectNothing)));
    }
    HtmlRows names, days;
    for (const UsageRow& row : found_.names.rows) {
      names.push_back({Html::name(row.key), html_number(row.count.accesses), html_number(row.count.blocked),
                       html_bytes(row.count.bytes_up + row.count.bytes_down)});
    }
    for (const auto& [day, count] : found_.days) {
      days.push_back({Html::of(day_text(day)), html_number(count.accesses), html_number(count.blocked)});
    }
    return html_section(
        say_(SubjectSummary),
        element("p", say_(SubjectSaid,
                          {html_number(all.accesses), html_number(all.blocked), time(all.first_ns),
                           time(all.last_ns), html_bytes(all.bytes_up), html_bytes(all.bytes_down)})) +
            element("h3", say_(SubjectByName)) +
            html_table({{say_(NameHead)}, {say_(Accesses), true}, {say_(Blocked), true}, {say_(Bytes), true}},
                       names, say_(NoRows)) +
            element("h3", say_(ByDay)) +
            html_table({{say_(SubjectDay)}, {say_(Accesses), true}, {say_(Blocked), true}}, days,
                       say_(NoRows)));
  }

  Html incidents() const {
    HtmlRows rows;
    for (const Incident& each : found_.incidents) {
      rows.push_back(incident_row(each.id, each.rule, time(each.first_ns)));
    }
    for (const auto& [id, words] : found_.reviews.incidents) {
      if (!std::ranges::count(found_.incidents, id, &Incident::id)) {
        rows.push_back(incident_row(id, words.back().rule, time(words.back().start)));
      }
    }
    return html_section(say_(SubjectIncidents), html_table({{say_(IncidentHead)},
                                                            {say_(RuleHead)},
                                                            {say_(Began)},
                                                            {say_(SubjectState)},
                                                            {say_(By)},
                                                            {say_(Finding)}},
                                                           rows, say_(LogGapsNone)));
  }

  Html keeping() const {
    HtmlRows holds, disclosures;
    for (const HeldLine& each : found_.holds) {
      const HeldPeriod& period = each.period;
      holds.push_back({Html::name(each.name), period.since_ns == INT64_MIN ? Html() : time(period.since_ns),
                       period.until_ns == INT64_MAX ? Html() : time(period.until_ns), Html::name(period.user),
                       Html::name(period.reason)});
    }
    for (const DisclosureLine& each : found_.disclosures) {
      disclosures.push_back(
          {Html::name(each.name), time(each.time), Html::name(each.user), html_number(each.lines)});
    }
    return html_section(
               say_(SubjectHolds),
               html_table({{say_(Case)}, {say_(From)}, {say_(Until)}, {say_(By)}, {say_(ReasonHead)}}, holds,
                          say_(LogGapsNone)) +
                   note_of(found_.holds.size(), SubjectHoldsNote)) +
           html_section(say_(SubjectDisclosures),
                        html_table({{say_(Case)}, {say_(TimeHead)}, {say_(By)}, {say_(Lines), true}},
                                   disclosures, say_(LogGapsNone)) +
                            note_of(found_.disclosures.size(), SubjectDisclosuresNote));
  }

  Html readings() const {
    HtmlRows rows;
    for (const ReadingLine& each : found_.readings) {
      rows.push_back({time(each.time), Html::name(each.user), Html::name(each.what), Html::name(each.from)});
    }
    return html_section(
        say_(SubjectReadings),
        html_table({{say_(TimeHead)}, {say_(By)}, {say_(What)}, {say_(SubjectKnownBy)}}, rows,
                   say_(LogGapsNone)) +
            element("p class=\"note\"", say_(SubjectReadingsNote, {html_number(found_.general_readings)})));
  }

  Html recipients() const {
    const LogPolicy log = log_policy();
    HtmlRows rows;
    for (const LogCopy& each : log.copies) {
      rows.push_back({Html::name(each.recipient), Html::name(each.country),
                      say_(gets_pseudonyms(log, each) ? WithPseudonyms : WithNames), Html::name(each.basis)});
    }
    return html_section(say_(SubjectRecipients),
                        html_table({{say_(Recipient)}, {say_(Country)}, {say_(SubjectAs)}, {say_(Basis)}},
                                   rows, say_(SubjectNoCopies))) +
           html_section(say_(SubjectKept),
                        element("p", say_(SubjectKeptSaid, {html_number(log.keep_s / kSecondsOfDay),
                                                            Html::name(log.country)}))) +
           html_section(say_(SubjectFields), element("p", say_(SubjectFieldsSaid)));
  }

  Html known_by() const {
    std::vector<Html> by{Html::name(found_.who)};
    for (const std::string& each : found_.addresses) {
      by.push_back(Html::name(each));
    }
    Html said;
    for (const Html& each : by) {
      said += (said.empty() ? Html() : Html::of(", ")) + each;
    }
    Html out = html_facts({{say_(SubjectKnownBy), said}});
    for (const std::string& each : found_.unknown) {
      out += html_box(true, say_(SubjectUnknown, {Html::name(each)}));
    }
    if (found_.findings.problem_count != 0) {
      out += html_box(true, say_(Unreadable, {html_number(found_.findings.problem_count),
                                              Html::name(found_.findings.problems.front())}));
    }
    return out;
  }

  Html period() const {
    return say_(SubjectPeriod,
                {found_.since.empty() && found_.until.empty()
                     ? say_(SubjectAll)
                     : say_(SubjectFromTo, {found_.since.empty() ? Html::of("…") : time(found_.since),
                                            found_.until.empty() ? Html::of("…") : time(found_.until)})});
  }
  Html time(int64_t time_ns) const { return html_time(time_ns, found_.policy.zone); }
  Html time(const std::string& text) const {
    const auto moment = parse_utc(text);
    return moment ? time(*moment) : Html::name(text);
  }

 private:
  /// What is to be said of rows, where there are any.
  Html note_of(size_t rows, ReportText text) const {
    return rows == 0 ? Html() : element("p class=\"note\"", say_(text));
  }
  std::vector<Html> incident_row(const std::string& id, const std::string& rule, const Html& began) const {
    const IncidentWord* const word = found_.reviews.word_on(id);
    return {html_code(id),
            Html::name(rule),
            began,
            say_(word == nullptr   ? StateOpen
                 : word->confirmed ? StateConfirmed
                                   : StateDismissed),
            word == nullptr ? Html() : Html::name(word->by),
            word == nullptr ? Html() : Html::name(word->finding)};
  }
  LogPolicy log_policy() const {
    LogPolicy out = found_.policy.source.log.said;
    for (const LogCopySource& each : found_.policy.source.log.copies) {
      out.copies.push_back(each.copy);
    }
    return out;
  }

  const SubjectFound& found_;
  const ReportWords say_;
};

json days_json(const SubjectFound& found) {
  json days = json::array();
  for (const auto& [day, count] : found.days) {
    days.push_back({{"day", day_text(day)}, {"accesses", count.accesses}, {"blocked", count.blocked}});
  }
  return days;
}

json names_json(const SubjectFound& found) {
  json names = json::array();
  for (const UsageRow& row : found.names.rows) {
    names.push_back({{"name", row.key},
                     {"accesses", row.count.accesses},
                     {"blocked", row.count.blocked},
                     {"bytes_up", row.count.bytes_up},
                     {"bytes_down", row.count.bytes_down}});
  }
  return names;
}

}  // namespace

std::string subject_page(const SubjectFound& found, Language language, int64_t made_ns) {
  const SubjectPage page(found, language);
  const ReportWords say{language};
  const PolicySource& source = found.policy.source;
  const Html zone = Html::name(source.timezone ? source.timezone->text : "UTC");
  const PageFrame frame{.language = language,
                        .title = filled_in(say.text(SubjectTitle), {found.who}),
                        .eyebrow = say(Eyebrow, {Html::name(source.site ? source.site->text : "")}),
                        .heading = say(SubjectTitle, {Html::name(found.who)}),
                        .subtitle = page.period() + Html::of(" ") + say(MadeOn, {page.time(made_ns), zone}),
                        .footer = say(SubjectFooter)};
  return html_page(frame, page.known_by() + page.summary() + page.incidents() + page.keeping() +
                              page.readings() + page.recipients());
}

json subject_json(const SubjectFound& found) {
  json incidents = json::array(), holds = json::array(), disclosures = json::array(),
       readings = json::array(), recipients = json::array();
  for (const Incident& each : found.incidents) {
    incidents.push_back(incident_json(each, found.reviews));
  }
  for (const HeldLine& each : found.holds) {
    holds.push_back({{"case", each.name}, {"user", each.period.user}, {"reason", each.period.reason}});
  }
  for (const DisclosureLine& each : found.disclosures) {
    disclosures.push_back({{"case", each.name},
                           {"time", each.time},
                           {"user", each.user},
                           {"first", each.first},
                           {"last", each.last},
                           {"lines", each.lines}});
  }
  for (const ReadingLine& each : found.readings) {
    readings.push_back({{"time", each.time}, {"user", each.user}, {"what", each.what}, {"from", each.from}});
  }
  LogPolicy log = found.policy.source.log.said;
  for (const LogCopySource& each : found.policy.source.log.copies) {
    recipients.push_back({{"recipient", each.copy.recipient},
                          {"country", each.copy.country},
                          {"pseudonyms", gets_pseudonyms(log, each.copy)},
                          {"basis", each.copy.basis}});
  }
  json kept_words = json::array();  // on incidents that the log has no more
  for (const auto& [id, words] : found.reviews.incidents) {
    if (!std::ranges::count(found.incidents, id, &Incident::id)) {
      kept_words.push_back(
          {{"id", id}, {"state", word_for(&words.back())}, {"finding", words.back().finding}});
    }
  }
  return {{"who", found.who},
          {"addresses", found.addresses},
          {"accesses", found.all.accesses},
          {"blocked", found.all.blocked},
          {"bytes_up", found.all.bytes_up},
          {"bytes_down", found.all.bytes_down},
          {"names", names_json(found)},
          {"names_low_by", found.names.low_by},
          {"days", days_json(found)},
          {"violations", std::move(incidents)},
          {"findings_without_lines", std::move(kept_words)},
          {"holds", std::move(holds)},
          {"disclosures", std::move(disclosures)},
          {"readings", std::move(readings)},
          {"general_readings", found.general_readings},
          {"left_out", found.told_out},
          {"recipients", std::move(recipients)},
          {"kept_seconds", log.keep_s},
          {"country", log.country},
          {"unknown", found.unknown},
          {"problems", found.findings.problems},
          {"problem_count", found.findings.problem_count}};
}

}  // namespace sluice::control
