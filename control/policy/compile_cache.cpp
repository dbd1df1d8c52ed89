// control/policy: what is kept from one compilation to the next, so that only what changed is done again.
#include "control/policy/compile_cache.h"

#include <algorithm>

namespace sluice::control {

CompiledPatterns CompileCache::patterns(const std::vector<PatternSource>& patterns, Report& report) {
  const auto text_of = [](const PatternSource& pattern) -> const std::string& { return pattern.text.text; };
  if (!patterns.empty() && std::ranges::equal(patterns, pattern_texts_, {}, text_of)) {
    CompiledPatterns out;
    for (const PatternSource& pattern : patterns) out.lists.push_back(pattern.list);
    out.database = pattern_database_;
    return out;
  }
  CompiledPatterns out = compile_patterns(patterns, report);
  // Where one was refused the others' database is of no use, and the next compilation has to say so again.
  pattern_texts_.clear();
  if (out.lists.size() == patterns.size() && !report.failed()) {
    for (const PatternSource& pattern : patterns) pattern_texts_.push_back(pattern.text.text);
    pattern_database_ = out.database;
  }
  return out;
}

}  // namespace sluice::control
