// control/cli: the command line of what auditors are given.
#include "control/cli/audit.h"

#include <CLI/CLI.hpp>

#include "control/cli/period.h"

namespace sluice::control {

void AuditCommands::add_to(CLI::App& app) {
  CLI::App* lines = app.add_subcommand("lines",
                                       "Show the line register: operator, licence, contract, filing, term, "
                                       "papers, networks, and how each line "
                                       "is.");
  lines->add_option("--policy", lines_.policy,
                    "Directory of a policy, for which no daemon is needed; without it: the policy in force");
  lines->add_flag("--json", lines_.json, "Print JSON");
  CLI::App* evidence = app.add_subcommand("evidence",
                                          "Put all that an auditor asks for of a period into one archive, "
                                          "which proves itself without Sluice: tar "
                                          "--zstd -xf it, and run verify.py.\n"
                                          "The log's signed lines say who made it.");
  evidence->add_option("--since", evidence_.since, kTimeHelp)->required();
  evidence->add_option("--until", evidence_.until, "The same; a day is meant to its end")->required();
  evidence->add_option("-o,--out", evidence_.out, "File that is made, .tar.zst; it must not be there yet")
      ->required();
  evidence->add_flag(
      "--pseudonyms", evidence_.pseudonyms,
      "Pseudonyms in place of people; then no record can be held against the log's signatures, "
      "only that none is missing");
  evidence->add_option("--report", evidence_.reports, "A monthly report to be put in; may be given again")
      ->type_name("FILE");
  evidence->add_option("--log", evidence_.log, "Directory of the access log")->capture_default_str();
  evidence->add_option("--state", evidence_.state, "Directory of control's state")->capture_default_str();
  evidence->add_option("--policy", evidence_.policy,
                       "Directory of the policy whose registers are shown; without it: the policy in force");
  evidence->add_option("--lang", evidence_.lang, "Language that stands first on the sheet, which has both")
      ->check(CLI::IsMember({"zh", "en"}))
      ->capture_default_str();
  evidence->add_flag("--json", evidence_.json, "Print JSON");
  asks_lines_ = lines;
  asks_evidence_ = evidence;
}

bool AuditCommands::run(const std::string& socket, int& status) const {
  if (*asks_lines_) {
    status = run_lines(socket, lines_);
  } else if (*asks_evidence_) {
    status = run_evidence(socket, evidence_);
  } else {
    return false;
  }
  return true;
}

}  // namespace sluice::control
