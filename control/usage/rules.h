// control/usage: the rules of a policy directory, as somebody who tidies them up looks at them.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "control/policy/diagnostics.h"
#include "control/policy/policy_source.h"

namespace sluice::control {

enum class RuleKind : uint8_t {
  Exception,
  Rule,
  Tunnel
};
inline constexpr std::string_view kRuleKindWords[] = {"exception", "rule", "tunnel"};

struct RuleFacts {
  RuleKind kind = RuleKind::Rule;
  std::string name, where;                          ///< where: `file:line:column`
  std::string owner, ticket;                        ///< of an exception; of a tunnel the owner; may be empty
  std::optional<std::chrono::sys_seconds> expires;  ///< of an exception: the first moment at which it is off
};

/// A person of the policy, and the addresses that are theirs.
struct UserFacts {
  std::string name;
  std::vector<std::string> addresses;
};

struct PolicyFactsRead {
  std::vector<RuleFacts> rules;  ///< in the order in which they are asked
  std::vector<UserFacts> users;
  std::vector<std::string> networks;
  std::vector<std::string> shared;  ///< of the networks: those with many people behind each address
  Diagnostics problems;
};

/// What sources say, without their problems. where: `file:line:column` of a place.
[[nodiscard]] PolicyFactsRead policy_facts(const PolicySource& source,
                                           const std::function<std::string(Position)>& where);

/// Reads what the YAML says, without the lists, so it is quick also where they are long. Returns false where
/// a file cannot be read or says what it may not; problems has why.
[[nodiscard]] bool read_policy_facts(const std::filesystem::path& directory, PolicyFactsRead& out);

}  // namespace sluice::control
