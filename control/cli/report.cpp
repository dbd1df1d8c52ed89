// control/cli: sluicectl report.
#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>

#include "control/base/clock.h"
#include "control/cli/commands.h"
#include "control/cli/note_reading.h"
#include "control/cli/reports.h"
#include "control/cli/table.h"
#include "control/cli/usage_view.h"
#include "control/policy/utf8.h"

namespace sluice::control {
namespace {

using nlohmann::json;

constexpr const char* kClassNames[kByteClassCount] = {"own offices", "essentials", "other names", "unnamed"};

void print_sentence(const std::string& text, Colour colour) {
  std::cout << coloured(colour, wrapped(printable(text), output_width(), 0)) << "\n";
}

/// The main figures, for who typed the command.
void print_summary(const MonthReport& report) {
  const Figures& figures = report.figures;
  print_sentence(month_text(figures.month) + (report.over ? "" : ", which is not over") + ": " +
                     accesses_text(figures.all.accesses) + ", " + grouped(figures.all.blocked) + " blocked",
                 Colour::Bold);
  std::vector<std::vector<std::string>> rows;
  for (size_t i = 0; i < kByteClassCount; ++i) {
    rows.push_back({bytes_text(figures.bytes[i].up), bytes_text(figures.bytes[i].down), kClassNames[i]});
  }
  std::cout << table_text({{"up", 1}, {"down", 2}, {"went to"}}, rows, output_width());
  const auto open = std::ranges::count_if(
      figures.incidents, [&](const Incident& each) { return report.reviews.word_on(each.id) == nullptr; });
  print_sentence(counted(figures.incidents.size(), "incident") + ", " + grouped(static_cast<uint64_t>(open)) +
                     " of them open",
                 open == 0 ? Colour::Green : Colour::Yellow);
  if (!report.log.error.empty() || report.log.check.problem_count != 0) {
    print_sentence(
        report.log.error.empty() ? "the log was ALTERED: see sluicectl logs verify" : report.log.error,
        Colour::Red);
  } else {
    print_sentence("the log is not altered; " + counted(report.log.check.gap_count, "gap"),
                   report.log.check.gap_count == 0 ? Colour::Green : Colour::Yellow);
  }
  if (!report.changes_error.empty()) {
    print_sentence("changes of the policy are not known: " + report.changes_error, Colour::Yellow);
  }
  print_sentence("-o FILE writes the page", Colour::Bold);
}

}  // namespace

int run_report(const std::string& socket, const ReportCommand& command) {
  ReadSource policy;
  const auto month = read_policy_and_month(command.policy, command.month, policy);
  if (!month) {
    return kCannot;
  }
  note_reading(socket, "report", {{"month", month_text(*month)}, {"log", command.log}});
  LogReadingLine progress("log");
  MonthReport report;
  const std::string error = make_report({.log = command.log,
                                         .state = command.state,
                                         .policy = command.policy,
                                         .month = *month,
                                         .now_ns = utc_now_ns(),
                                         .progress = std::ref(progress)},
                                        report);
  progress.clear();
  if (!finish_reading(error, report.figures.findings)) {
    return kCannot;
  }
  if (command.json) {
    return put_out(command.output,
                   report_json(report).dump(2, ' ', false, json::error_handler_t::replace) + "\n");
  }
  if (command.output.empty() && output_width() != kNoWidth) {
    print_summary(report);
    return kDone;
  }
  return put_out(command.output, report_page(report, *language_of(command.language)));
}

}  // namespace sluice::control
