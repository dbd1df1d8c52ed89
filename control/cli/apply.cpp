// control/cli: sluicectl apply and rollback.
#include <cstdio>
#include <iostream>

#include "control/cli/client.h"
#include "control/cli/commands.h"
#include "control/cli/terminal.h"

namespace sluice::control {
namespace {

using nlohmann::json;

std::string milliseconds(const json& seconds) {
  char text[32];
  std::snprintf(text, sizeof text, "%.0f ms", (seconds.is_number() ? seconds.get<double>() : 0) * 1000);
  return text;
}

/// Asks for another policy and says what became of it.
int run_order(const std::string& socket, const json& request, bool json_output) {
  const std::optional<json> answer = ask(socket, request);
  if (!answer) {
    return kCannot;
  }
  const bool failed = answer->contains("error");
  if (json_output) {
    std::cout << answer->dump(2) << "\n";
    return failed ? kCannot : kDone;
  }
  if (failed) {
    for (const json& each : answer->value("diagnostics", json::array())) {
      std::cerr << each.value("text", "") << "\n";
    }
    std::cerr << "sluicectl: " << answer->value("error", "") << "; what was in force stays in force\n";
    return kCannot;
  }
  const bool enforced = answer->value("enforced", false);
  std::cout << "generation " << answer->value("generation", 0);
  if (enforced) {
    std::cout << coloured(Colour::Green, " is in force") << " after ";
  } else if (answer->value("dataplane", false)) {
    std::cout << " is valid and on its way to the data plane, after ";
  } else {
    std::cout << coloured(Colour::Yellow, " waits for the data plane")
              << ", which is not there; compiled within ";
  }
  std::cout << milliseconds(answer->value("seconds", json())) << "\n";
  return kDone;
}

}  // namespace

int run_apply(const std::string& socket, const std::string& reason, bool wait, bool json_output) {
  return run_order(socket, {{"command", "apply"}, {"reason", reason}, {"wait", wait}}, json_output);
}

int run_rollback(const std::string& socket, size_t steps, const std::string& reason, bool wait,
                 bool json_output) {
  return run_order(socket, {{"command", "rollback"}, {"steps", steps}, {"reason", reason}, {"wait", wait}},
                   json_output);
}

}  // namespace sluice::control
