// control/cli: sluicectl apply, confirm and rollback.
#include <unistd.h>

#include <cstdio>
#include <iostream>

#include "control/base/json_fields.h"
#include "control/cli/change.h"
#include "control/cli/client.h"
#include "control/cli/commands.h"
#include "control/cli/period.h"
#include "control/cli/preview.h"
#include "control/cli/terminal.h"
#include "control/reload/reloader.h"

namespace sluice::control {
namespace {

using nlohmann::json;

std::string milliseconds(const json& seconds) {
  char text[32];
  std::snprintf(text, sizeof text, "%.0f ms", (seconds.is_number() ? seconds.get<double>() : 0) * 1000);
  return text;
}

/// Asks on a terminal; where nobody can be asked, that is a yes.
bool agrees() {
  if (::isatty(STDIN_FILENO) != 1 || ::isatty(STDOUT_FILENO) != 1) {
    return true;
  }
  std::cout << "apply it? [y/N] " << std::flush;
  std::string answer;
  std::getline(std::cin, answer);
  return answer == "y" || answer == "Y" || answer == "yes";
}

/// What of the new policy ends by itself.
void show_ends(const json& answer) {
  if (const json confirm = object_at(answer, "confirm"); !confirm.empty()) {
    std::cout << coloured(Colour::Yellow,
                          "goes back to generation " + std::to_string(number_at(confirm, "back_to")) +
                              "\nin " +
                              duration_text(std::chrono::seconds(number_at(confirm, "seconds_left"))) +
                              " without sluicectl confirm")
              << "\n";
  }
  if (const json bypass = object_at(answer, "bypass"); !bypass.empty()) {
    std::cout << coloured(Colour::Red,
                          "BYPASS: everything passes, for\n" +
                              duration_text(std::chrono::seconds(number_at(bypass, "seconds_left"))))
              << "\n";
  }
}

}  // namespace

int order_policy(const std::string& socket, const json& request, bool json_output, const json& more) {
  std::optional<json> answer = ask(socket, request);
  if (!answer) {
    return kCannot;
  }
  answer->update(more);
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
  show_ends(*answer);
  return kDone;
}

int run_apply(const std::string& socket, const ApplyOptions& options) {
  json request{{"command", "apply"}, {"reason", options.reason}, {"wait", options.wait}};
  if (!options.confirm.empty()) {
    const auto confirm =
        read_duration_within("--confirm", options.confirm, Reloader::kMinConfirm, Reloader::kMaxConfirm);
    if (!confirm) {
      return kCannot;
    }
    request["confirm"] = confirm->count();
  }
  json more = json::object();
  if (!options.no_preview) {
    const Preview preview = make_preview(socket);
    if (!preview.reached) {
      return kCannot;
    }
    if (options.json) {
      more["preview"] = to_json(preview);
    } else {
      show_preview(preview);
    }
    if (preview.blocked != 0 && !options.yes && !options.json && !agrees()) {
      std::cout << "nothing was changed\n";
      return kCannot;
    }
  }
  return order_policy(socket, request, options.json, more);
}

int run_confirm(const std::string& socket, bool json_output) {
  int status = kCannot;
  if (const auto answer = order(socket, {{"command", "confirm"}}, json_output, status)) {
    std::cout << "generation " << number_at(*answer, "generation")
              << coloured(Colour::Green, " stays in force") << "\n";
  }
  return status;
}

int run_rollback(const std::string& socket, const RollbackOptions& options) {
  return order_policy(
      socket,
      {{"command", "rollback"}, {"steps", options.steps}, {"reason", options.reason}, {"wait", options.wait}},
      options.json);
}

}  // namespace sluice::control
