// control/policy: checks and compiles regular expressions on host names.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "control/policy/diagnostics.h"
#include "control/policy/policy_source.h"

namespace sluice::control {

inline constexpr size_t kMaxPatterns = 10000;     ///< Hyperscan's compile time grows faster than their number
inline constexpr size_t kMaxPatternBytes = 1000;  ///< of one

/// One expression of one list.
struct PatternSource {
  Word text;
  uint16_t list;
};

struct CompiledPatterns {
  std::vector<uint16_t> lists;      ///< for each expression id
  std::vector<std::byte> database;  ///< serialised, block mode; empty where there are no patterns
};

/// Checks each expression and reports it at its place; those that match an empty or every name are refused.
/// Returns nothing useful where report has got an error.
CompiledPatterns compile_patterns(const std::vector<PatternSource>& patterns, Report& report);

}  // namespace sluice::control
