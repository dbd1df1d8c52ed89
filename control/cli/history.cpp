// control/cli: sluicectl history.
#include <iostream>

#include "control/base/json_fields.h"
#include "control/cli/client.h"
#include "control/cli/commands.h"
#include "control/cli/sealed_view.h"
#include "control/cli/terminal.h"
#include "control/sealed/sealed_file.h"

namespace sluice::control {
using nlohmann::json;

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
    std::cout << sealed_json(found, *key).dump(2) << "\n";
  } else {
    show_sealed(found, *key);
  }
  return found.problem_count == 0 ? kDone : kNo;
}

}  // namespace sluice::control
