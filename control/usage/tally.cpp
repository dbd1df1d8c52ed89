// control/usage: counts by name, in memory that is bounded.
#include "control/usage/tally.h"

#include <xxhash.h>

#include <algorithm>
#include <tuple>

namespace sluice::control {

void UsageCount::add(const UsageLine& line) {
  first_ns = std::min(first_ns, line.time_ns);
  last_ns = std::max(last_ns, line.time_ns);
  if (line.is_end()) {
    bytes_up += line.fields.source_bytes;
    bytes_down += line.fields.destination_bytes;
    return;
  }
  accesses += line.fields.count;
  blocked += line.fields.action == "blocked" ? line.fields.count : 0;
  observed += line.fields.action == "observed" ? line.fields.count : 0;
}

void Tally::add(std::string_view key, std::string_view other, const UsageLine& line) {
  auto found = counts_.find(key);
  if (found == counts_.end()) {
    if (counts_.size() >= max_keys_) {
      drop_least();
    }
    found = counts_.emplace(std::string(key), Entry{{}, next_number_++}).first;
  }
  Entry& entry = found->second;
  entry.count.add(line);
  if (line.is_end()) {
    return;
  }
  const uint64_t pair = XXH3_64bits_withSeed(other.data(), other.size(), entry.number);
  if (pairs_.size() >= max_pairs_) {
    others_low_ = others_low_ || !pairs_.contains(pair);
  } else {
    entry.count.others += pairs_.insert(pair).second;
  }
}

void Tally::drop_least() {
  std::vector<uint64_t> accesses;
  accesses.reserve(counts_.size());
  for (const auto& [key, entry] : counts_) {
    accesses.push_back(entry.count.accesses);
  }
  const size_t half = accesses.size() / 2;
  std::nth_element(accesses.begin(), accesses.begin() + static_cast<ptrdiff_t>(half), accesses.end());
  const uint64_t most = accesses[half];
  // As many keys as there is one access of each must not all go: those above the middle stay.
  size_t left = half;
  std::erase_if(counts_, [&](const auto& each) {
    const bool goes = each.second.count.accesses <= most && left != 0;
    left -= goes;
    return goes;
  });
  low_by_ += most;
}

std::vector<UsageRow> Tally::top(size_t limit) const {
  std::vector<const std::pair<const std::string, Entry>*> sorted;
  sorted.reserve(counts_.size());
  for (const auto& each : counts_) {
    sorted.push_back(&each);
  }
  const auto order = [](const auto* each) {
    const UsageCount& count = each->second.count;
    return std::tuple(~count.accesses, ~(count.bytes_up + count.bytes_down), std::string_view(each->first));
  };
  const size_t shown = std::min(limit, sorted.size());
  std::partial_sort(sorted.begin(), sorted.begin() + static_cast<ptrdiff_t>(shown), sorted.end(),
                    [&](const auto* a, const auto* b) { return order(a) < order(b); });
  std::vector<UsageRow> out;
  for (size_t i = 0; i < shown; ++i) {
    out.push_back({sorted[i]->first, sorted[i]->second.count});
  }
  return out;
}

}  // namespace sluice::control
