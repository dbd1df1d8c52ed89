// control/cli: the command line of reports, findings and manuals.
#include "control/cli/reports.h"

#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>
#include <span>
#include <vector>

#include "control/base/clock.h"
#include "control/base/files.h"
#include "control/cli/commands.h"
#include "control/cli/period.h"
#include "control/cli/policies.h"

namespace sluice::control {
namespace {

void add_language(CLI::App& command, std::string& language) {
  command.add_option("--lang", language, "Language of the page")
      ->check(CLI::IsMember(std::vector<std::string>(std::begin(kLanguageWords), std::end(kLanguageWords))))
      ->capture_default_str();
}
void add_log(CLI::App& command, std::string& log) {
  command.add_option("--log", log, "Directory of the access log")->capture_default_str();
}
void add_policy(CLI::App& command, std::string& policy) {
  command.add_option("--policy", policy, "Directory of the policy")->capture_default_str();
}
void add_finding(CLI::App& command, std::string& by, std::string& finding, bool required) {
  command.add_option("--by", by, "Name of the person who says so")->required(required);
  command.add_option("--finding", finding, "What was found; it is signed and stays")->required(required);
}

CLI::App* add_report(CLI::App& app, ReportCommand& command) {
  CLI::App* report = app.add_subcommand(
      "report",
      "Write a month's report: one HTML page, or JSON. Reads the log itself, once to add it up and once to "
      "check it. Needs no daemon.");
  report->add_option("--month", command.month, "As 2026-11; without it: this one");
  add_language(*report, command.language);
  report->add_option("-o", command.output, "File that is written; without it: standard output");
  add_log(*report, command.log);
  add_policy(*report, command.policy);
  report->add_option("--state", command.state, "Directory of control's state, for changes of the policy")
      ->capture_default_str();
  report->add_flag("--json", command.json, "JSON instead of a page");
  return report;
}

}  // namespace

bool LogReadingLine::operator()(uint64_t done, uint64_t all) {
  if (all != 0 && line_.is_due()) {
    line_.show(what_ + ": " + std::to_string(std::min<uint64_t>(100, done * 100 / all)) + " % of " +
               bytes_text(all));
  }
  return true;
}

int put_out(const std::string& file, const std::string& text) {
  if (file.empty()) {
    std::cout << text << std::flush;
    return kDone;
  }
  // Its directory is synced, so it must have one.
  std::error_code failure;
  const auto path = std::filesystem::absolute(file, failure);
  const std::string why = failure ? failure.message() : replace_file(path, std::as_bytes(std::span(text)));
  return why.empty() ? kDone : cannot_do(why);
}

bool read_policy_source(const std::string& directory, ReadSource& out) {
  if (read_source(directory, out)) {
    return true;
  }
  refuse_policy(out.report.finish(), directory + " is invalid");
  return false;
}

std::optional<Month> read_policy_and_month(const std::string& directory, const std::string& text,
                                           ReadSource& out) {
  if (!read_policy_source(directory, out)) {
    return std::nullopt;
  }
  if (text.empty()) {
    return month_at(utc_now_ns(), out.zone);
  }
  const auto month = month_of(text);
  if (!month) {
    cannot_do(text + " is no month; write 2026-11");
  }
  return month;
}

void ReportCommands::add_violations(CLI::App& app) {
  CLI::App* violations = app.add_subcommand("violations",
                                            "List the incidents of a month: what one person asked for "
                                            "against one rule that says `violation: true`, "
                                            "within half an hour. Needs no daemon.");
  violations->require_subcommand(0, 1);
  violations->add_option("--month", violations_.month, "As 2026-11; without it: this one");
  violations->add_flag("--json", violations_.json, "Print JSON");
  CLI::App* confirm = violations->add_subcommand("confirm", "Say that an incident is a violation.");
  CLI::App* dismiss = violations->add_subcommand("dismiss", "Say that an incident is none.");
  for (CLI::App* each : {confirm, dismiss}) {
    each->add_option("ID", finding_.id, "As `violations` lists it")->required();
    add_finding(*each, finding_.by, finding_.finding, true);
    each->add_flag("--json", violations_.json, "Print JSON");
  }
  for (CLI::App* each : {violations, confirm, dismiss}) {
    add_log(*each, violations_.log);
    add_policy(*each, violations_.policy);
  }
  asks_violations_ = violations;
  confirms_ = confirm;
  dismisses_ = dismiss;
}

void ReportCommands::add_review(CLI::App& app) {
  CLI::App* review = app.add_subcommand(
      "review",
      "Sign that somebody reviewed a month's log: with the month's figures and the log's last signed line.\n"
      "Without --month: list the months that were reviewed, and those that are overdue.");
  review->add_option("--month", review_.month, "As 2026-11; it must be over");
  add_finding(*review, review_.by, review_.finding, false);
  add_log(*review, review_.log);
  add_policy(*review, review_.policy);
  review->add_flag("--json", review_.json, "Print JSON");
  asks_review_ = review;
}

void ReportCommands::add_pages(CLI::App& app) {
  CLI::App* subject = app.add_subcommand("subject",
                                         "Say all that is held on a person: accesses, violations, who kept, "
                                         "disclosed or read them, where copies "
                                         "go. Needs no daemon.");
  subject->add_option("USER", subject_.who, "A user, or an address")->required();
  subject->add_option("--since", subject_.since, kTimeHelp);
  subject->add_option("--until", subject_.until, "The same");
  subject->add_option("-o", subject_.output, "Write a page to this file; with --json: JSON");
  add_language(*subject, subject_.language);
  add_log(*subject, subject_.log);
  add_policy(*subject, subject_.policy);
  subject->add_flag("--json", subject_.json, "JSON, with every line");
  CLI::App* manual = app.add_subcommand(
      "manual", "Write the access manual for employees, out of the policy in force or a directory.");
  CLI::App* notice = app.add_subcommand("notice", "The same in short, one page.");
  for (auto& [each, command] : {std::pair(manual, &manual_), std::pair(notice, &notice_)}) {
    add_language(*each, command->language);
    each->add_option("-o", command->output, "File that is written; without it: standard output");
    each->add_option("--policy", command->policy, "Directory of a policy; without it: the policy in force");
  }
  asks_subject_ = subject;
  asks_manual_ = manual;
  asks_notice_ = notice;
}

void ReportCommands::add_to(CLI::App& app) {
  asks_report_ = add_report(app, report_);
  add_violations(app);
  add_review(app);
  add_pages(app);
}

bool ReportCommands::run(const std::string& socket, int& status) const {
  if (*asks_report_) {
    status = run_report(socket, report_);
  } else if (*confirms_ || *dismisses_) {
    status = run_finding(socket, violations_, finding_, static_cast<bool>(*confirms_));
  } else if (*asks_violations_) {
    status = run_violations(socket, violations_);
  } else if (*asks_review_) {
    status = review_.month.empty() ? run_reviews(review_) : run_review(socket, review_);
  } else if (*asks_subject_) {
    status = run_subject(socket, subject_);
  } else if (*asks_manual_) {
    status = run_manual(socket, manual_, false);
  } else if (*asks_notice_) {
    status = run_manual(socket, notice_, true);
  } else {
    return false;
  }
  return true;
}

}  // namespace sluice::control
