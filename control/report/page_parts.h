// control/report: the sections of a month's report.
#pragma once

#include <string>
#include <vector>

#include "control/page/html.h"
#include "control/report/report.h"
#include "control/report/texts.h"

namespace sluice::control {

/// As the clocks of a zone show it.
[[nodiscard]] Html html_time(int64_t time_ns, const TimeZone& zone);

/// What a section is made of.
struct PageMaker {
  const MonthReport& report;
  ReportWords say;

  const PolicySource& source() const { return report.policy.source; }
  /// A moment as the site's clocks show it.
  Html time(int64_t time_ns) const { return html_time(time_ns, report.policy.zone); }
  /// The same of a text as in `@timestamp`; what is none stands as it is.
  Html time(const std::string& text) const;
  /// At most so many rows, and how many more there are.
  Html table(const std::vector<HtmlColumn>& columns, HtmlRows rows, size_t most, ReportText none) const;

  /// The bytes by whereto they went, large.
  Html bytes_figures() const;
  Html bytes_section() const;
  Html accesses_section() const;
  Html blocked_names_section() const;
  Html violations_section() const;
  Html tunnels_section() const;
  Html sources_section() const;
  Html changes_section() const;
  Html exceptions_section() const;
  Html bypasses_section() const;
  Html log_section() const;
  Html lines_section() const;
  Html review_section() const;
};

/// A number that is to be seen first, and what it is of; stop: it is no good news.
[[nodiscard]] Html html_figure(const Html& value, const Html& label, bool stop = false);
[[nodiscard]] Html html_number(uint64_t number);
[[nodiscard]] Html html_bytes(uint64_t bytes);
[[nodiscard]] Html html_code(std::string_view text);
/// kind: empty, `stop`, `warn` or `good`.
[[nodiscard]] Html html_chip(std::string_view kind, const Html& text);
/// serious: of what somebody has to look into.
[[nodiscard]] Html html_box(bool serious, const Html& text);

/// The register of one line of a policy; today: by which its term is told.
[[nodiscard]] Html line_facts(const LineSource& line, std::chrono::local_days today, const ReportWords& say);

}  // namespace sluice::control
