// control/cli: the commands for auditors: lines, evidence. Each returns the exit status.
#pragma once

#include <CLI/App.hpp>
#include <string>
#include <vector>

namespace sluice::control {

struct LinesCommand {
  std::string policy;  ///< a directory; empty: the policy in force
  bool json = false;
};
struct EvidenceCommand {
  std::string since, until, out;
  std::string log = "/var/log/sluice", state = "/var/lib/sluice/control";
  std::string policy;  ///< whose register it is; empty: the policy in force
  std::string lang = "zh";
  std::vector<std::string> reports;
  bool pseudonyms = false, json = false;
};

/// The line register: papers, terms, and how each line is.
int run_lines(const std::string& socket, const LinesCommand& command);
/// One archive with all that an auditor asks for, which proves itself.
int run_evidence(const std::string& socket, const EvidenceCommand& command);

/// Both on sluicectl's command line.
class AuditCommands {
 public:
  void add_to(CLI::App& app);
  /// Whether one of them was asked for; status: what it returned.
  [[nodiscard]] bool run(const std::string& socket, int& status) const;

 private:
  LinesCommand lines_;
  EvidenceCommand evidence_;
  const CLI::App *asks_lines_ = nullptr, *asks_evidence_ = nullptr;
};

}  // namespace sluice::control
