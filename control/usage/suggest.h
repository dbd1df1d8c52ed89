// control/usage: what a network that is only observed really needs.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "control/usage/blocks.h"
#include "control/usage/domains.h"
#include "control/usage/reader.h"

namespace sluice::control {

/// One name that the network used and that no rule opens yet.
struct SuggestedName {
  std::string name;  ///< a registrable domain, or a host
  std::string why;   ///< why not the registrable domain; empty where it is
  uint64_t accesses = 0, clients = 0, days = 0, bytes_up = 0, bytes_down = 0;
  int64_t last_ns = 0;
  bool rare = false;  ///< one client on one day: to be looked at before it is allowed
  std::vector<std::pair<std::string, uint64_t>>
      loads_with;  ///< essential names and how often, the most first
};

/// What one client would still be refused.
struct StillBlocked {
  std::string client;
  uint64_t accesses = 0;
  std::map<std::string, uint64_t> asked;  ///< names or addresses, and how often
};

struct Suggestion {
  /// Names that are kept, clients of each, and essential names that each loads with: what is beyond is
  /// counted, and said.
  static constexpr size_t kMaxNames = 100'000, kMaxPairs = size_t{1} << 22, kMaxLoads = 64;
  static constexpr size_t kMaxClients = 100'000, kMaxAsked = 1000;
  std::vector<SuggestedName> names;      ///< the most used first
  std::vector<StillBlocked> still;       ///< when all but the rare ones are allowed; the most blocked first
  uint64_t accesses = 0, opened = 0;     ///< of the network; those that a rule allows already
  uint64_t forbidden = 0, nameless = 0;  ///< that a rule blocks; without a name that a list could have
  uint64_t clients = 0;
  int64_t first_ns = 0, last_ns = 0;
  bool left_out = false;  ///< more names, clients or pairs of them came than are kept
  SearchFindings findings;
};

/// Puts in place of what became of an access what a policy would make of it: its action, reason and rule.
/// Texts outlive the call. Where it cannot be judged it stays as it is.
using Rejudge = std::function<void(AccessFields& fields)>;

/// scope.query.network: which network. Names are proposed by registrable domain where that is not shared.
/// rejudge: empty where what was recorded counts. Returns an empty string, or why it cannot be.
[[nodiscard]] std::string find_suggestion(const UsageScope& scope, const Rejudge& rejudge, Suggestion& found);

}  // namespace sluice::control
