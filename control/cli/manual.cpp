// control/cli: sluicectl manual and notice.
#include "control/manual/manual.h"

#include <filesystem>
#include <nlohmann/json.hpp>

#include "control/base/clock.h"
#include "control/base/json_fields.h"
#include "control/base/utc.h"
#include "control/cli/client.h"
#include "control/cli/commands.h"
#include "control/cli/policies.h"
#include "control/cli/reports.h"

namespace sluice::control {
namespace {

int write_manual(const ManualPolicy& policy, const ManualCommand& command, bool notice) {
  const Language language = *language_of(command.language);
  return put_out(command.output, notice ? notice_page(policy, language) : manual_page(policy, language));
}

int of_directory(const ManualCommand& command, bool notice) {
  ReadSource read;
  if (!read_policy_source(command.policy, read)) {
    return kCannot;
  }
  std::error_code failure;
  const auto directory = std::filesystem::absolute(command.policy, failure);
  return write_manual({.source = &read.source,
                       .zone = read.zone,
                       .directory = failure ? command.policy : directory.string(),
                       .sha256 = read.digest,
                       .made_ns = utc_now_ns()},
                      command, notice);
}

int of_policy_in_force(const std::string& socket, const ManualCommand& command, bool notice) {
  const auto opened = open_policy(std::string(kRunning), {}, socket);
  if (!opened) {
    return kCannot;
  }
  if (!opened->written) {
    return cannot_do("what the policy in force says is not to be had: " + opened->no_sources +
                     "; --policy DIR reads a directory");
  }
  const auto status = ask(socket, {{"command", "status"}});
  if (!status) {
    return kCannot;
  }
  const nlohmann::json policy = object_at(*status, "policy");
  if (number_at(policy, "generation") != opened->generation) {
    return cannot_do("another policy came into force meanwhile; ask again");
  }
  return write_manual({.source = &opened->written->source(),
                       .zone = opened->judge->timezone(),
                       .directory = {},
                       .generation = opened->generation,
                       .since_ns = parse_utc(text_at(policy, "since")).value_or(0),
                       .sha256 = text_at(policy, "sha256"),
                       .made_ns = utc_now_ns()},
                      command, notice);
}

}  // namespace

int run_manual(const std::string& socket, const ManualCommand& command, bool notice) {
  return command.policy.empty() ? of_policy_in_force(socket, command, notice) : of_directory(command, notice);
}

}  // namespace sluice::control
