// control/policy: what is kept from one compilation to the next, so that only what changed is done again.
#pragma once

#include <string>
#include <vector>

#include "control/policy/pattern_table.h"

namespace sluice::control {

/// Kept by a process that compiles one policy again and again, and handed to each compilation. A policy
/// compiled with it means what it means without. For one compilation at a time.
class CompileCache {
 public:
  /// As compile_patterns; the very same expressions are compiled once.
  CompiledPatterns patterns(const std::vector<PatternSource>& patterns, Report& report);

 private:
  std::vector<std::string> pattern_texts_;
  std::vector<std::byte> pattern_database_;
};

}  // namespace sluice::control
