// control/cli: the commands of sluicectl that change what is enforced. Each returns the exit status.
#pragma once

#include <CLI/CLI.hpp>
#include <cstddef>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace sluice::control {

struct ApplyOptions {
  std::string reason;
  std::string confirm;  ///< a time, as 5m; empty: it stays
  bool wait = false, json = false;
  bool yes = false, no_preview = false;
};

struct RollbackOptions {
  size_t steps = 1;
  std::string reason;  ///< may be empty
  bool wait = false, json = false;
};

struct BypassOptions {
  std::string time;  ///< as 30m
  std::string reason;
  bool end = false, json = false;
};

struct ExceptOptions {
  std::vector<std::string> from, to;
  std::string time;  ///< as 4h
  std::string owner, ticket, reason, name;
  std::string end;  ///< name of one that is to end; empty: none
  bool list = false, with_pending = false, json = false;
};

/// Asks the daemon for another policy, waits for its answer, and says what became of it; prints the answer
/// where json_output, with what more says. Returns the exit status.
int order_policy(const std::string& socket, const nlohmann::json& request, bool json_output,
                 const nlohmann::json& more = nlohmann::json::object());

/// Shows what would newly be blocked, and enforces what is saved. On a terminal it asks first where
/// something would be; in a pipe it goes on.
int run_apply(const std::string& socket, const ApplyOptions& options);
/// What was applied with `--confirm` stays.
int run_confirm(const std::string& socket, bool json);
/// Goes back to what was applied so many policies before.
int run_rollback(const std::string& socket, const RollbackOptions& options);
/// Lets everything pass for a time, or ends that.
int run_bypass(const std::string& socket, const BypassOptions& options);
/// Writes an exception into the policy's directory and enforces it; ends one; lists them.
int run_except(const std::string& socket, const ExceptOptions& options);

/// These commands on the command line.
struct ChangeCommands {
  ApplyOptions apply;
  RollbackOptions rollback;
  BypassOptions bypass;
  ExceptOptions except;
  bool confirm_json = false;
  const CLI::App* applies = nullptr;
  const CLI::App* confirms = nullptr;
  const CLI::App* rolls_back = nullptr;
  const CLI::App* bypasses = nullptr;
  const CLI::App* excepts = nullptr;
};
void add_changes(CLI::App& app, ChangeCommands& commands);
/// Nothing where none of them was given.
std::optional<int> run_changes(const std::string& socket, const ChangeCommands& commands);

}  // namespace sluice::control
