// control/cli: the commands of sluicectl. Each returns the exit status: 0 done, 1 no by --exit-code, 2
// cannot.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "control/judge/asked.h"

namespace sluice::control {

inline constexpr int kDone = 0, kNo = 1, kCannot = 2;

struct ExplainOptions : Asked {
  std::string policy;     ///< a directory; empty: the policy in force
  std::string questions;  ///< a file of them, `-` for standard input; empty: the one that is asked
  std::string feeds, socket;
  bool json = false;
  bool exit_code = false;
};

/// Checks a policy directory and prints every problem of it. feeds: the directory with the copies of fetched
/// lists; may be empty.
int run_check(const std::string& directory, const std::string& feeds, bool json);
/// Says what would become of accesses, by which rule, and why the rules before that one did not match.
int run_explain(const ExplainOptions& options);
/// Shows the feeds of the policy in force.
int run_feeds(const std::string& socket, bool json);
/// Fetches a list's feed before it is due; all, where list is empty.
int run_feeds_refresh(const std::string& socket, const std::string& list, bool json);
/// Brings into force what was held back of a list's feed.
int run_feeds_accept(const std::string& socket, const std::string& list, const std::string& reason,
                     bool json);
/// Lists the policies that can be gone back to.
int run_history(const std::string& socket, bool json);
/// Says whether the history in a state directory was altered. fingerprint: the key's, as somebody noted it;
/// empty: that of the key that lies there. Returns kNo where it was altered.
int run_history_verify(const std::string& state, const std::string& fingerprint, bool json);
/// Shows what is in force, what waits, what is wrong, and how the gateway does.
int run_status(const std::string& socket, bool json);

}  // namespace sluice::control
