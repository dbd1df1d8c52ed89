// control/cli: the policies that a command asks.
#include "control/cli/policies.h"

#include <iostream>
#include <nlohmann/json.hpp>
#include <utility>

#include "control/base/json_fields.h"
#include "control/cli/client.h"
#include "control/cli/terminal.h"

namespace sluice::control {

int refuse_policy(const Diagnostics& problems, const std::string& why) {
  for (const Diagnostic& each : problems) {
    std::cerr << to_string(each) << "\n";
  }
  return cannot_do(why);
}

std::optional<OpenedPolicy> open_policy(const std::string& which, const std::string& feeds,
                                        const std::string& socket) {
  std::string error;
  std::optional<OpenedPolicy> out;
  if (which == kRunning) {
    UniqueFd image;
    const auto answer = ask(socket, {{"command", "policy"}}, &image);
    if (!answer) return std::nullopt;
    error = text_at(*answer, "error");
    if (error.empty()) out = open_in_force(*answer, std::move(image), error);
  } else {
    Diagnostics problems;
    out = open_directory(which, feeds, problems, error);
    if (!out) {
      refuse_policy(problems, error);
      return std::nullopt;
    }
  }
  if (!out) cannot_do(error);
  return out;
}

}  // namespace sluice::control
