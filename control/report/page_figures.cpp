// control/report: the sections that say what the log adds up to.
#include <array>

#include "control/page/charts.h"
#include "control/report/page_parts.h"

namespace sluice::control {
namespace {

using enum ReportText;
constexpr size_t kRowsShown = 25;
constexpr std::array<ReportText, kByteClassCount> kClassTexts = {ClassOffices, ClassEssentials, ClassNames,
                                                                 ClassUnnamed};

std::vector<HtmlColumn> usage_columns(const ReportWords& say, ReportText first, bool bytes) {
  std::vector<HtmlColumn> out{
      {say(first)}, {say(Accesses), true}, {say(Blocked), true}, {say(Clients), true}};
  if (bytes) {
    out.push_back({say(Bytes), true});
  }
  return out;
}

HtmlRows usage_rows(const FigureRows& figures, bool bytes) {
  HtmlRows out;
  for (const UsageRow& row : figures.rows) {
    const UsageCount& count = row.count;
    out.push_back({Html::name(row.key), html_number(count.accesses), html_number(count.blocked),
                   html_number(count.others)});
    if (bytes) {
      out.back().push_back(html_bytes(count.bytes_up + count.bytes_down));
    }
  }
  return out;
}

Html low_note(const ReportWords& say, const FigureRows& figures) {
  return figures.low_by == 0 ? Html()
                             : element("p class=\"note\"", say(LowBy, {html_number(figures.low_by)}));
}

/// A table of what is counted; the rows that are beyond the most that are kept are counted too.
Html usage_table(const PageMaker& page, ReportText first, const FigureRows& figures, bool bytes) {
  return page.table(usage_columns(page.say, first, bytes), usage_rows(figures, bytes), kRowsShown, NoRows) +
         low_note(page.say, figures);
}

Html legend(const ReportWords& say) {
  return element("div class=\"legend\"",
                 element("span", Html::trusted("<i class=\"s2\"></i>") + say(LegendPassed)) +
                     element("span", Html::trusted("<i class=\"s5\"></i>") + say(LegendBlocked)));
}

}  // namespace

Html PageMaker::bytes_figures() const {
  Html out;
  for (size_t i = 0; i < kByteClassCount; ++i) {
    const Figures::Bytes& each = report.figures.bytes[i];
    out += html_figure(html_bytes(each.up + each.down), say(kClassTexts[i]));
  }
  return element("div class=\"figures\"", out);
}

Html PageMaker::bytes_section() const {
  const auto& bytes = report.figures.bytes;
  Figures::Bytes all;
  for (const Figures::Bytes& each : bytes) {
    all.up += each.up;
    all.down += each.down;
  }
  const uint64_t sum = all.up + all.down;
  if (sum == 0) {
    return html_section(say(BytesHeading), element("p class=\"none\"", say(BytesNone)));
  }
  std::vector<ChartShare> shares;
  HtmlRows rows;
  for (size_t i = 0; i < kByteClassCount; ++i) {
    const uint64_t both = bytes[i].up + bytes[i].down;
    shares.push_back({say(kClassTexts[i]), both, static_cast<int>(i) + 1, html_bytes(both)});
    char share[32];
    std::snprintf(share, sizeof share, "%.1f %%",
                  100.0 * static_cast<double>(both) / static_cast<double>(sum));
    rows.push_back({say(kClassTexts[i]), html_bytes(bytes[i].up), html_bytes(bytes[i].down), html_bytes(both),
                    Html::of(share)});
  }
  rows.push_back({element("b", say(ClassAll)), html_bytes(all.up), html_bytes(all.down),
                  element("b", html_bytes(sum)), Html()});
  return html_section(
      say(BytesHeading),
      share_chart(say(BytesChart), shares) +
          html_table(
              {{say(ClassHead)}, {say(Up), true}, {say(Down), true}, {say(Sum), true}, {say(Share), true}},
              rows, Html()) +
          element("p class=\"note\"", say(BytesNote)));
}

Html PageMaker::accesses_section() const {
  const Figures& figures = report.figures;
  std::vector<ChartColumn> days, hours;
  for (size_t i = 0; i < figures.days.size(); ++i) {
    days.push_back({std::to_string(i + 1), figures.days[i].accesses, figures.days[i].blocked});
  }
  for (size_t i = 0; i < figures.hours.size(); ++i) {
    hours.push_back({std::to_string(i), figures.hours[i].accesses, figures.hours[i].blocked});
  }
  Html charts;
  if (figures.all.accesses != 0) {
    charts = column_chart(say(ByDay), days) + column_chart(say(ByHour), hours) + legend(say);
  }
  return html_section(
      say(AccessHeading),
      element("p", say(AccessLead, {html_number(figures.all.accesses), html_number(figures.all.blocked),
                                    html_number(figures.all.observed)})) +
          charts + element("h3", say(ByNetwork)) + usage_table(*this, NetworkHead, figures.networks, true) +
          element("h3", say(ByRule)) + usage_table(*this, RuleHead, figures.rules, false) +
          element("p class=\"note\"", say(RulesNote)));
}

Html PageMaker::blocked_names_section() const {
  return html_section(say(NamesHeading), usage_table(*this, NameHead, report.figures.blocked_names, false));
}

Html PageMaker::tunnels_section() const {
  const UsageCount& count = report.figures.tunnel_attempts;
  const FigureRows& figures = report.figures.tunnels;
  Html content = element("p", say(TunnelsLead, {html_number(count.accesses), html_number(count.blocked)}));
  if (count.accesses != 0) {
    content += usage_table(*this, ProtocolHead, figures, false);
  }
  return html_section(say(TunnelsHeading), content);
}

Html PageMaker::sources_section() const {
  const UsageCount& count = report.figures.unregistered_accesses;
  Html content = element("p", say(SourcesLead, {html_number(count.accesses), html_number(count.blocked)}));
  if (count.accesses != 0) {
    auto columns = usage_columns(say, AddressHead, false);
    columns.back().head = say(AskedFor);
    content += table(columns, usage_rows(report.figures.unregistered, false), kRowsShown, NoRows) +
               low_note(say, report.figures.unregistered);
  }
  return html_section(say(SourcesHeading), content);
}

}  // namespace sluice::control
