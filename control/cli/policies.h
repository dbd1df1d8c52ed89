// control/cli: the policies that a command asks.
#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "control/judge/asked.h"
#include "control/judge/opened.h"
#include "control/usage/rules.h"

namespace sluice::control {

/// What stands for the policy in force where a directory is asked for.
inline constexpr std::string_view kRunning = "running";

/// Opens a directory, or the policy in force, which the daemon is asked for. feeds: may be empty. Returns
/// nothing, and has said why.
[[nodiscard]] std::optional<OpenedPolicy> open_policy(const std::string& which, const std::string& feeds,
                                                      const std::string& socket);

/// A policy beside what the log says: where its rules and entries stand, its users and networks.
struct KnownPolicy {
  std::string name;                              ///< for people; empty: none is known
  std::shared_ptr<const WrittenPolicy> written;  ///< nullptr: its sources are not to be had
  std::unique_ptr<Judge> judge;                  ///< of the policy in force; of a directory none
  PolicyFactsRead facts;
};
/// That of directory; where it is empty the policy in force; where that is not to be had, or, with otherwise,
/// not its sources, that of otherwise, or, where that is empty, none. What it is not by is said on standard
/// error. Returns false, and has said why, where a directory is no valid policy.
[[nodiscard]] bool find_policy(const std::string& directory, const std::string& feeds,
                               const std::string& socket, const std::string& otherwise, KnownPolicy& out);

/// For an answer in JSON: `file`, `line`, and of a list's entry `entry`; null where it is not known.
[[nodiscard]] nlohmann::json place_json(const std::optional<Place>& place);

/// Says what is wrong with a policy, and why that ends the command; returns kCannot.
int refuse_policy(const Diagnostics& problems, const std::string& why);

}  // namespace sluice::control
