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

namespace {

bool read_known(const std::string& directory, const std::string& feeds, KnownPolicy& out) {
  if (!read_policy_facts(directory, out.facts)) {
    refuse_policy(out.facts.problems, directory + " is invalid");
    return false;
  }
  out.name = directory;
  out.written = WrittenPolicy::of_directory(directory, feeds);
  return true;
}

}  // namespace

bool find_policy(const std::string& directory, const std::string& feeds, const std::string& socket,
                 const std::string& otherwise, KnownPolicy& out) {
  if (!directory.empty()) return read_known(directory, feeds, out);
  std::string why;
  std::optional<OpenedPolicy> opened;
  if (is_daemon_there(socket, why)) {
    opened = open_policy(std::string(kRunning), feeds, socket);
    why = opened ? opened->no_sources : "it is not to be had";
  }
  const bool falls_back = !opened || (!opened->written && !otherwise.empty());
  if (falls_back) {
    std::cerr << "sluicectl: not by the policy in force: " << why << "; by "
              << (otherwise.empty() ? "none, as --policy names no other" : otherwise) << "\n";
    return otherwise.empty() || read_known(otherwise, feeds, out);
  }
  out.name = opened->name;
  out.judge = std::move(opened->judge);
  out.written = opened->written;
  if (!out.written) {
    std::cerr << "sluicectl: no files and lines are shown: " << why << "\n";
    return true;
  }
  out.facts = policy_facts(out.written->source(), [&out](Position at) { return out.written->text_of(at); });
  return true;
}

nlohmann::json place_json(const std::optional<Place>& place) {
  if (!place) return nullptr;
  nlohmann::json out{{"file", place->file}, {"line", place->line}};
  if (!place->entry.empty()) out["entry"] = place->entry;
  return out;
}

}  // namespace sluice::control
