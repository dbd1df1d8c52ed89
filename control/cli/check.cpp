// control/cli: sluicectl check.
#include <algorithm>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>

#include "control/cli/commands.h"
#include "control/cli/terminal.h"
#include "control/policy/policy_compiler.h"

namespace sluice::control {
namespace {

using nlohmann::json;

json to_json(const Diagnostic& each) {
  return {{"file", each.file},     {"line", each.line},
          {"column", each.column}, {"severity", each.severity == Severity::Error ? "error" : "warning"},
          {"what", each.what},     {"instead", each.instead}};
}

std::string summary(const CompiledPolicy& policy) {
  return "site " + policy.site + ": " + counted(policy.networks, "network") + ", " +
         counted(policy.rules, "rule") + ", " + counted(policy.lists, "list") + " of " +
         counted(policy.names, "name") + ", " + counted(policy.patterns, "pattern") + " and " +
         grouped(policy.prefixes) + (policy.prefixes == 1 ? " prefix" : " prefixes");
}

}  // namespace

int run_check(const std::string& directory, const std::string& feeds, bool json_output) {
  const Compiled compiled = compile_policy(directory, 1, {feeds});
  const auto errors = static_cast<size_t>(
      std::count_if(compiled.diagnostics.begin(), compiled.diagnostics.end(),
                    [](const Diagnostic& each) { return each.severity == Severity::Error; }));
  const size_t warnings = compiled.diagnostics.size() - errors;
  if (json_output) {
    json out{{"ok", compiled.policy.has_value()}, {"errors", errors}, {"warnings", warnings}};
    out["diagnostics"] = json::array();
    for (const Diagnostic& each : compiled.diagnostics) {
      out["diagnostics"].push_back(to_json(each));
    }
    std::cout << out.dump(2, ' ', false, json::error_handler_t::replace) << "\n";
    return compiled.policy ? kDone : kCannot;
  }
  for (const Diagnostic& each : compiled.diagnostics) {
    std::cout << to_string(each) << "\n";
  }
  if (!compiled.policy) {
    std::cout << coloured(Colour::Red, directory + " is invalid") << ": " << counted(errors, "error")
              << (warnings != 0 ? ", " + counted(warnings, "warning") : "") << "\n";
    return kCannot;
  }
  std::cout << coloured(Colour::Green, directory + " is valid") << ": " << summary(*compiled.policy)
            << (warnings != 0 ? "; " + counted(warnings, "warning") : "") << "\n";
  return kDone;
}

}  // namespace sluice::control
