// control/cli: sluicectl bypass.
#include <iostream>

#include "control/cli/change.h"
#include "control/cli/commands.h"
#include "control/cli/period.h"
#include "control/cli/terminal.h"
#include "control/reload/reloader.h"

namespace sluice::control {

int run_bypass(const std::string& socket, const BypassOptions& options) {
  nlohmann::json request{{"command", "bypass"}, {"reason", options.reason}, {"seconds", 0}, {"wait", true}};
  if (!options.end) {
    if (options.time.empty() || options.reason.empty()) {
      return cannot_do("a bypass needs --for and --reason: it stands in the signed history");
    }
    const auto time =
        read_duration_within("--for", options.time, std::chrono::seconds(1), Reloader::kMaxBypass);
    if (!time) {
      return kCannot;
    }
    request["seconds"] = time->count();
  }
  return order_policy(socket, request, options.json);
}

}  // namespace sluice::control
