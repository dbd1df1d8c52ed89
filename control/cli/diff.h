// control/cli: sluicectl diff: what changes between two policies, and for which recorded accesses.
#pragma once

#include <cstdint>
#include <string>

namespace sluice::control {

struct DiffOptions {
  std::string before, after;  ///< directories, or `running`
  std::string feeds, socket;
  std::string log = "/var/log/sluice";
  std::string since = "7d", until;  ///< as people write times
  uint64_t limit = 20;              ///< groups of accesses that are shown; 0: all
  bool replay_log = false;
  bool json = false;
};

/// Prints what changes; with replay_log also which accesses of the log would be decided otherwise.
int run_diff(const DiffOptions& options);

}  // namespace sluice::control
