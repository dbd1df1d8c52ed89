// control/report: what was done to the policy in a time, as the signed history says.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "control/sealed/sealed_file.h"

namespace sluice::control {

struct PolicyChange {
  uint32_t generation = 0;
  int64_t time_ns = 0;
  std::string author, reason, sha256;
  uint32_t rollback_to = 0;  ///< 0: it is none
  bool refused = false;      ///< by the data plane
};

/// A time in which everything passed.
struct BypassTime {
  int64_t from_ns = 0, until_ns = 0;  ///< until: as it was ordered, or when somebody ended it before
  bool ended_early = false;
  std::string author, reason;
};

struct PolicyChanges {
  static constexpr size_t kMaxChanges = 10'000;  ///< further ones are counted
  std::vector<PolicyChange> changes;             ///< in the order in which they were made
  std::vector<BypassTime> bypasses;              ///< those that overlap the time; at most kMaxChanges
  uint64_t left_out = 0;
  SealedFindings findings;  ///< what was altered
};

/// state: control's directory. From begin_ns until before end_ns, UTC since 1970. Returns an empty string, or
/// why the history cannot be read.
[[nodiscard]] std::string read_changes(const std::filesystem::path& state, int64_t begin_ns, int64_t end_ns,
                                       PolicyChanges& out);

}  // namespace sluice::control
