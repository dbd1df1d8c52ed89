// control/policy: interned sets of lists, which are what a name or a range of addresses carries.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "dataplane/contract/image.h"

namespace sluice::control {

/// Sets of list indices. Set 0 is empty. The same members always have the same index.
class SetTable {
 public:
  static constexpr size_t kMaxMembers = size_t{64} << 20;  ///< over all sets

  SetTable();
  /// The set that has the members of set, and list.
  uint32_t add(uint32_t set, uint16_t list);
  /// The set that has the members of both.
  uint32_t unite(uint32_t a, uint32_t b);
  /// The set that has the members of set that are not in without.
  uint32_t subtract(uint32_t set, uint32_t without);
  /// Whether kMaxMembers was exceeded; sets made since then are empty.
  bool full() const { return full_; }

  const std::vector<SetInfo>& sets() const { return sets_; }
  const std::vector<uint16_t>& lists() const { return lists_; }

 private:
  std::span<const uint16_t> members_of(uint32_t set) const;
  uint32_t intern(const std::vector<uint16_t>& members);

  std::vector<SetInfo> sets_;
  std::vector<uint16_t> lists_;
  std::unordered_multimap<uint64_t, uint32_t> by_hash_;
  std::unordered_map<uint64_t, uint32_t> added_, united_;  ///< answers given before
  bool full_ = false;
};

}  // namespace sluice::control
