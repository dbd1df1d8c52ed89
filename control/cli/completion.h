// control/cli: what a shell completes, and the examples under each command's help.
#pragma once

#include <CLI/App.hpp>
#include <string>

namespace sluice::control {

/// A script that completes every command and option of app, in bash, or in zsh through its bashcompinit.
[[nodiscard]] std::string completion_script(const CLI::App& app, bool zsh);

/// Puts an example at the end of each command's help.
void add_examples(CLI::App& app);

}  // namespace sluice::control
