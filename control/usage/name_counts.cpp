// control/usage: what became of accesses, by names of the policy, in a bounded number of series.
#include "control/usage/name_counts.h"

namespace sluice::control {

void NameCounts::know(std::span<const std::string> names) {
  for (const std::string& name : names) {
    if (names_.size() >= most_) {
      return;
    }
    if (!name.empty() && name != kOtherName) {
      names_.try_emplace(name);
    }
  }
}

void NameCounts::add(std::string_view name, size_t action, uint64_t count) {
  const auto found = names_.find(name);
  (found == names_.end() ? rest_ : found->second)[action] += count;
}

}  // namespace sluice::control
