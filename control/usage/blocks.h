// control/usage: what was blocked of one client, and which page it belongs to.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "control/usage/reader.h"

namespace sluice::control {

/// What a page loads is asked for so soon after the page, or so shortly before, as a name is by DNS.
inline constexpr std::chrono::seconds kLoadsWithin{10};

/// Whether a policy's rule opened it by name: what the client is to have, as against what merely passes.
[[nodiscard]] inline bool is_essential(const AccessFields& fields) {
  return fields.action == "allowed" && fields.reason == "rule" && !fields.domain.empty();
}

/// Blocked accesses that are alike.
struct BlockedGroup {
  std::string asked;  ///< the name, or the address where none was seen
  bool named = false;
  std::string address, protocol, reason, rule, list, network;  ///< of the last one; each may be empty
  std::string line;                                            ///< of the last one, as it stands in the log
  uint64_t port = 0, count = 0;
  int64_t first_ns = 0, last_ns = 0;
  std::set<std::string> clients;          ///< addresses
  std::map<std::string, uint64_t> pages;  ///< how many of them belong to which allowed name
};

struct ClientUsage {
  /// Lines of a client that are kept of each kind, the newest ones, and pages of a group; older ones are
  /// left out, and that is said.
  static constexpr size_t kMaxKept = 100'000, kMaxPages = 100;
  std::vector<BlockedGroup> blocks;  ///< the last one blocked first
  uint64_t accesses = 0, blocked = 0, observed = 0;
  bool left_out = false;
  std::set<std::string> addresses;  ///< of the client, at most kMaxPages
  int64_t last_ns = 0;              ///< of the last access, with the next two
  std::string last_asked, last_action;
  SearchFindings findings;
};

/// scope.query.from: the client; since and until: the period whose blocks are wanted, each may be empty; what
/// was allowed shortly before and after it is looked at, too. Returns an empty string, or why it cannot be.
[[nodiscard]] std::string find_blocks(const UsageScope& scope, ClientUsage& found);

}  // namespace sluice::control
