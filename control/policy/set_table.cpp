// control/policy: interned sets of lists, which are what a name or a range of addresses carries.
#include "control/policy/set_table.h"

#include <xxhash.h>

#include <algorithm>
#include <iterator>

namespace sluice::control {

SetTable::SetTable() {
  intern({});
}

uint32_t SetTable::add(uint32_t set, uint16_t list) {
  const auto [known, fresh] = added_.try_emplace(uint64_t{set} << 16 | list, 0);
  if (!fresh) return known->second;
  const uint16_t* const first = lists_.data() + sets_[set].first_list;
  std::vector<uint16_t> members(first, first + sets_[set].list_count);
  const auto at = std::ranges::lower_bound(members, list);
  if (at == members.end() || *at != list) members.insert(at, list);
  return known->second = intern(members);
}

uint32_t SetTable::unite(uint32_t a, uint32_t b) {
  if (a == b || b == 0) return a;
  if (a == 0) return b;
  if (a > b) std::swap(a, b);
  const auto [known, fresh] = united_.try_emplace(uint64_t{a} << 32 | b, 0);
  if (!fresh) return known->second;
  std::vector<uint16_t> members;
  std::ranges::set_union(members_of(a), members_of(b), std::back_inserter(members));
  return known->second = intern(members);
}

uint32_t SetTable::subtract(uint32_t set, uint32_t without) {
  if (set == 0 || without == 0) return set;
  std::vector<uint16_t> members;
  std::ranges::set_difference(members_of(set), members_of(without), std::back_inserter(members));
  return intern(members);
}

std::span<const uint16_t> SetTable::members_of(uint32_t set) const {
  return {lists_.data() + sets_[set].first_list, sets_[set].list_count};
}

uint32_t SetTable::intern(const std::vector<uint16_t>& members) {
  const uint64_t hash = XXH3_64bits(members.data(), members.size() * sizeof(uint16_t));
  for (auto [at, end] = by_hash_.equal_range(hash); at != end; ++at) {
    const SetInfo& info = sets_[at->second];
    if (std::equal(members.begin(), members.end(), lists_.begin() + info.first_list,
                   lists_.begin() + info.first_list + info.list_count)) {
      return at->second;
    }
  }
  if (lists_.size() + members.size() > kMaxMembers) {
    full_ = true;
    return 0;
  }
  const auto set = static_cast<uint32_t>(sets_.size());
  sets_.push_back({static_cast<uint32_t>(lists_.size()), static_cast<uint32_t>(members.size())});
  lists_.insert(lists_.end(), members.begin(), members.end());
  by_hash_.emplace(hash, set);
  return set;
}

}  // namespace sluice::control
