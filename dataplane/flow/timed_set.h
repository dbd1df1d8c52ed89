// flow: what holds until some time, known by a keyed hash.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>

#include "dataplane/flow/memory.h"

namespace sluice {

/// A fixed-size set of hashes, each until its own time. When a set of places is full, the one that expires
/// first gives way, and for its time the set cannot deny having had others; nothing needs sweeping.
class TimedSet {
 public:
  /// capacity: rounded up. Returns false where memory is short.
  [[nodiscard]] bool create(uint32_t capacity) {
    mask_ = std::bit_ceil(std::max(capacity, kWays) / kWays) - 1;
    sets_ = make_fixed_array<Set>(mask_ + 1);
    return sets_ != nullptr;
  }

  /// hash: keyed, of what is put in. Extends what is there already, and never shortens it.
  void put(uint64_t hash, uint64_t expires_ms, uint64_t now_ms) {
    Set& set = set_of(hash);
    Place* chosen = set.places;
    for (Place& place : set.places) {
      if (place.hash == hash) {
        place.expires_ms = std::max(place.expires_ms, expires_ms);
        return;
      }
      if (place.expires_ms < chosen->expires_ms) chosen = &place;
    }
    if (chosen->expires_ms > now_ms) {
      set.lost_until_ms = std::max(set.lost_until_ms, chosen->expires_ms);
      ++lost_;
    }
    *chosen = {hash, expires_ms};
  }

  [[nodiscard]] bool has(uint64_t hash, uint64_t now_ms) const {
    return std::ranges::any_of(set_of(hash).places, [=](const Place& place) {
      return place.hash == hash && place.expires_ms > now_ms;
    });
  }
  /// False only where it is certain that nothing of this hash, still valid, was put in.
  [[nodiscard]] bool may_have(uint64_t hash, uint64_t now_ms) const {
    return set_of(hash).lost_until_ms > now_ms || has(hash, now_ms);
  }
  /// Those that gave way before their time.
  uint64_t lost() const { return lost_; }

 private:
  static constexpr uint32_t kWays = 4;
  struct Place {
    uint64_t hash, expires_ms;
  };
  struct Set {
    Place places[kWays];
    uint64_t lost_until_ms;
  };
  Set& set_of(uint64_t hash) const { return sets_[hash & mask_]; }

  FixedArray<Set> sets_;
  uint64_t mask_ = 0, lost_ = 0;
};

}  // namespace sluice
