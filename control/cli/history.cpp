// control/cli: sluicectl history.
#include <iostream>

#include "control/base/json_fields.h"
#include "control/cli/client.h"
#include "control/cli/commands.h"
#include "control/cli/terminal.h"
#include "control/sealed/sealed_file.h"

namespace sluice::control {
namespace {

using nlohmann::json;

json findings_json(const SealedFindings& found, const SigningKey& key) {
  return {{"lines", found.lines},
          {"signed", found.signed_lines},
          {"torn_bytes", found.torn_bytes},
          {"key", key.fingerprint()},
          {"altered", found.problem_count != 0},
          {"problem_count", found.problem_count},
          {"problems", found.problems}};
}

void show_findings(const SealedFindings& found, const SigningKey& key) {
  for (const std::string& problem : found.problems) {
    std::cout << problem << "\n";
  }
  if (found.problem_count > found.problems.size()) {
    std::cout << "and " << found.problem_count - found.problems.size() << " more\n";
  }
  if (found.torn_bytes != 0) {
    std::cout << "the last line is unfinished, " << found.torn_bytes
              << " bytes of it: control was stopped while it wrote\n";
  }
  std::cout << (found.problem_count == 0 ? coloured(Colour::Green, "not altered")
                                         : coloured(Colour::Red, "ALTERED"))
            << ": " << counted(found.lines, "line") << ", " << grouped(found.signed_lines)
            << " of them signed by the key " << key.fingerprint() << "\n";
}

}  // namespace

int run_history(const std::string& socket, bool json_output) {
  const std::optional<json> answer = ask(socket, {{"command", "history"}});
  if (!answer) {
    return kCannot;
  }
  if (json_output) {
    std::cout << answer->dump(2) << "\n";
    return kDone;
  }
  for (const json& each : answer->value("policies", json::array())) {
    const bool in_force = each.value("in_force", false);
    const std::string line = std::to_string(each.value("generation", 0)) + "  " + text_at(each, "time") +
                             "  " + text_at(each, "sha256").substr(0, 12) + "  " + text_at(each, "author") +
                             ": " + text_at(each, "reason");
    std::cout << (in_force ? coloured(Colour::Green, line + "  (in force)") : line)
              << (each.value("sources", 0) == 0 ? "  (sources not kept)" : "")
              << (text_at(each, "confirm_until").empty() ? ""
                                                         : coloured(Colour::Yellow, "  (to be confirmed)"))
              << "\n";
  }
  return kDone;
}

int run_history_verify(const std::string& state, const std::string& fingerprint, bool json_output) {
  std::string error;
  const std::unique_ptr<SigningKey> key =
      SigningKey::open_public(std::filesystem::path(state) / "history.pub", error);
  SealedFindings found;
  if (key) {
    error = read_sealed(history_paths(state), *key, {}, found);
  }
  if (error.empty() && !fingerprint.empty() && fingerprint != key->fingerprint()) {
    error = "the key that lies there is another one: " + key->fingerprint();
  }
  if (!error.empty()) {
    return cannot_do(error);
  }
  if (json_output) {
    std::cout << findings_json(found, *key).dump(2) << "\n";
  } else {
    show_findings(found, *key);
  }
  return found.problem_count == 0 ? kDone : kNo;
}

}  // namespace sluice::control
