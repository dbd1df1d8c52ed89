// control/cli: sluicectl logs.
#include "control/cli/logs.h"

#include <iostream>
#include <nlohmann/json.hpp>

#include "control/cli/commands.h"
#include "control/cli/period.h"
#include "control/cli/stop_signals.h"
#include "control/cli/terminal.h"
#include "control/policy/utf8.h"
#include "control/pseudonyms/vault_reader.h"
#include "control/readings/check.h"
#include "control/segment/check.h"

namespace sluice::control {
namespace {

using nlohmann::json;

json findings_json(const LogFindings& found, const ReadingsFindings& readings, const VaultsFindings& vaults,
                   const SigningKey& key) {
  return {{"altered", found.problem_count != 0},
          {"problem_count", found.problem_count},
          {"problems", found.problems},
          {"gap_count", found.gap_count},
          {"gaps", found.gaps},
          {"lost", found.lost},
          {"segments", found.segments},
          {"closed", found.closed},
          {"deleted", found.deleted},
          {"disclosures", found.disclosures},
          {"frames", found.frames},
          {"records", found.records},
          {"folded", found.folded},
          {"bytes", found.file_bytes},
          {"text_bytes", found.text_bytes},
          {"unfinished_bytes", found.unfinished},
          {"heads", found.heads},
          {"compared_with_witness", found.compared},
          {"witnessed_to_line", found.acknowledged},
          {"unwitnessed_since", found.unwitnessed_since},
          {"readings",
           {{"lines", readings.file.lines},
            {"altered", readings.file.problem_count != 0},
            {"problems", readings.file.problems}}},
          {"vaults",
           {{"count", vaults.vaults}, {"identities", vaults.identities}, {"problems", vaults.problems}}},
          {"key", key.fingerprint()}};
}

void show(const std::vector<std::string>& told, uint64_t count) {
  for (const std::string& each : told) {
    std::cout << each << "\n";
  }
  if (count > told.size()) {
    std::cout << "and " << grouped(count - told.size()) << " more\n";
  }
}

/// A line more: of the list of those who read the log.
void show_readings(const ReadingsFindings& found) {
  if (found.none) {
    std::cout << "readings: none is on record\n";
    return;
  }
  for (const std::string& each : found.file.problems) {
    std::cout << "readings.jsonl: " << printable(each) << "\n";
  }
  std::cout << "readings: "
            << (found.file.problem_count == 0 ? coloured(Colour::Green, "not altered")
                                              : coloured(Colour::Red, "ALTERED"))
            << ", " << counted(found.file.lines, "line") << "; see `sluicectl readings`\n";
}

/// And of those who stand behind its pseudonyms, where it has any.
void show_vaults(const VaultsFindings& found) {
  for (const std::string& each : found.problems) {
    std::cout << printable(each) << "\n";
  }
  if (found.vaults != 0) {
    std::cout << "vaults: "
              << (found.problems.empty() ? coloured(Colour::Green, "not altered")
                                         : coloured(Colour::Red, "ALTERED"))
              << ", " << counted(found.vaults, "file") << "; see `sluicectl reveal`\n";
  }
}

void show_findings(const LogFindings& found, const SigningKey& key) {
  show(found.gaps, found.gap_count);
  show(found.problems, found.problem_count);
  if (found.unfinished != 0) {
    std::cout << grouped(found.unfinished)
              << " bytes of a frame that is being written, or that a crash cut\n";
  }
  if (found.compared != 0) {
    std::cout << counted(found.compared, "line") << " of heads.jsonl compared with what the witness has\n";
  }
  if (!found.unwitnessed_since.empty()) {
    std::cout << coloured(Colour::Yellow, "unwitnessed") << " since " << found.unwitnessed_since
              << (found.acknowledged == 0 ? ": no witness took a line yet\n" : "\n");
  }
  std::cout << (found.problem_count == 0 ? coloured(Colour::Green, "not altered")
                                         : coloured(Colour::Red, "ALTERED"))
            << ": " << counted(found.records, "line") << " in " << counted(found.frames, "frame") << " of "
            << counted(found.segments, "segment") << ", " << grouped(found.closed)
            << " of them closed and signed by the key " << key.fingerprint();
  if (found.folded != 0) {
    std::cout << "; " << counted(found.folded, "repeat") << " folded into their lines";
  }
  if (found.deleted != 0) {
    std::cout << "; " << grouped(found.deleted) << " deleted after their term";
  }
  if (found.disclosures != 0) {
    std::cout << "; " << counted(found.disclosures, "disclosure");
  }
  if (found.gap_count != 0) {
    std::cout << "; " << coloured(Colour::Yellow, counted(found.gap_count, "gap")) << ", "
              << grouped(found.lost) << " records lost";
  }
  std::cout << "\n";
}

}  // namespace

int run_logs_verify(const LogsVerifyOptions& options) {
  LogCheckOptions wanted{.since = {}, .until = {}, .witness = options.witness};
  if (!read_bound(options.since, false, wanted.since) || !read_bound(options.until, true, wanted.until)) {
    return kCannot;
  }
  const StopSignals stop;
  std::string error;
  const auto key = SigningKey::open_public(std::filesystem::path(options.log) / "log.pub", error);
  LogFindings found;
  if (key && !options.fingerprint.empty() && options.fingerprint != key->fingerprint()) {
    error = "the key that lies there is another one: " + key->fingerprint();
  } else if (key) {
    error = check_log(options.log, *key, wanted, stoppable_progress("verify", stop), found);
  }
  ReadingsFindings readings;
  VaultsFindings vaults;
  if (key && error.empty() && !found.stopped) {
    error = check_readings(options.log, *key, {}, readings);
    vaults = check_vaults(options.log, *key);
  }
  if (error.empty() && found.stopped) {
    error = "stopped before the end: nothing can be said";
  }
  if (!error.empty()) {
    return cannot_do(error);
  }
  if (options.json) {
    std::cout << findings_json(found, readings, vaults, *key).dump(2) << "\n";
  } else {
    show_readings(readings);
    show_vaults(vaults);
    show_findings(found, *key);
  }
  return found.problem_count + readings.file.problem_count + vaults.problems.size() == 0 ? kDone : kNo;
}

}  // namespace sluice::control
