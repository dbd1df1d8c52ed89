// control/cli: the commands that make pages of the log and of the policy, and those that say what somebody
// found: report, violations, review, subject, manual, notice. Each returns the exit status.
#pragma once

#include <CLI/App.hpp>
#include <optional>
#include <string>

#include "control/cli/terminal.h"
#include "control/policy/read_source.h"
#include "control/report/report.h"

namespace sluice::control {

struct ReportCommand {
  std::string month, language = "en", output, log = "/var/log/sluice", policy = "/etc/sluice/policies",
                     state = "/var/lib/sluice/control";
  bool json = false;
};
struct ViolationsCommand {
  std::string month, log = "/var/log/sluice", policy = "/etc/sluice/policies";
  bool json = false;
};
/// Of `violations confirm` and `dismiss`.
struct FindingCommand {
  std::string id, by, finding;
};
struct ReviewCommand {
  std::string month, by, finding, log = "/var/log/sluice", policy = "/etc/sluice/policies";
  bool json = false;
};
struct SubjectCommand {
  std::string who, since, until, output, language = "en", log = "/var/log/sluice",
                                         policy = "/etc/sluice/policies";
  bool json = false;
};
struct ManualCommand {
  std::string policy, language = "en", output;  ///< policy: empty: the one in force
};

/// Writes a month's report: a page, or JSON; on a terminal its main figures.
int run_report(const std::string& socket, const ReportCommand& command);
/// Lists incidents of a month.
int run_violations(const std::string& socket, const ViolationsCommand& command);
/// Has the daemon write down what somebody found of one.
int run_finding(const std::string& socket, const ViolationsCommand& where, const FindingCommand& command,
                bool confirmed);
/// Has it write down that a month was reviewed.
int run_review(const std::string& socket, const ReviewCommand& command);
/// Lists the months that were, and those that are overdue.
int run_reviews(const ReviewCommand& command);
/// Says all that is held on a person.
int run_subject(const std::string& socket, const SubjectCommand& command);
/// Writes the access manual, or the notice.
int run_manual(const std::string& socket, const ManualCommand& command, bool notice);

/// Writes text to a file, whole or not at all, or, where none is named, to standard output.
int put_out(const std::string& file, const std::string& text);
/// Reads a policy's YAML. Returns false, and has said what is wrong.
[[nodiscard]] bool read_policy_source(const std::string& directory, ReadSource& out);
/// The same, and the month that text says; empty: the one that the site's clocks show. Returns nothing, and
/// has said what is wrong.
[[nodiscard]] std::optional<Month> read_policy_and_month(const std::string& directory,
                                                         const std::string& text, ReadSource& out);

/// How far a log is read, on a terminal.
class LogReadingLine {
 public:
  explicit LogReadingLine(std::string what) : what_(std::move(what)) {}
  bool operator()(uint64_t done, uint64_t all);
  void clear() { line_.clear(); }

 private:
  const std::string what_;
  ProgressLine line_;
};

/// The six on sluicectl's command line.
class ReportCommands {
 public:
  void add_to(CLI::App& app);
  /// Whether one of them was asked for; status: what it returned.
  [[nodiscard]] bool run(const std::string& socket, int& status) const;

 private:
  void add_violations(CLI::App& app);
  void add_review(CLI::App& app);
  void add_pages(CLI::App& app);

  ReportCommand report_;
  ViolationsCommand violations_;
  FindingCommand finding_;
  ReviewCommand review_;
  SubjectCommand subject_;
  ManualCommand manual_, notice_;
  const CLI::App *asks_report_ = nullptr, *asks_violations_ = nullptr, *confirms_ = nullptr,
                 *dismisses_ = nullptr, *asks_review_ = nullptr, *asks_subject_ = nullptr,
                 *asks_manual_ = nullptr, *asks_notice_ = nullptr;
};

}  // namespace sluice::control
