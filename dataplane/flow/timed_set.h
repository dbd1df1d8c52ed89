// flow: what holds until some time, known by a keyed hash.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>

#include "dataplane/flow/memory.h"

namespace sluice {

/// A fixed-size set of hashes, each until its own time. When a set of places is full, the one that expires
/// first gives way; nothing needs sweeping.
class TimedSet {
 public:
  /// capacity: rounded up. Returns false where memory is short.
  [[nodiscard]] bool create(uint32_t capacity) {
    mask_ = std::bit_ceil(std::max(capacity, kWays) / kWays) - 1;
    places_ = make_fixed_array<Place>((mask_ + 1) * kWays);
    return places_ != nullptr;
  }

  /// hash: keyed, of what is put in. of: kept with it. Extends what is there already, and never shortens it.
  /// Returns `of` of one that was still valid and had to give way, or 0.
  uint64_t put(uint64_t hash, uint64_t expires_ms, uint64_t now_ms, uint64_t of = 0) {
    Place* const set = set_of(hash);
    Place* chosen = set;
    for (Place* place = set; place != set + kWays; ++place) {
      if (place->hash == hash) {
        place->expires_ms = std::max(place->expires_ms, expires_ms);
        return 0;
      }
      if (place->expires_ms < chosen->expires_ms) chosen = place;
    }
    const uint64_t lost = chosen->expires_ms > now_ms ? chosen->of : 0;
    *chosen = {hash, expires_ms, of};
    return lost;
  }

  [[nodiscard]] bool has(uint64_t hash, uint64_t now_ms) const {
    const Place* const set = set_of(hash);
    return std::any_of(set, set + kWays,
                       [=](const Place& place) { return place.hash == hash && place.expires_ms > now_ms; });
  }

  void erase(uint64_t hash) {
    Place* const set = set_of(hash);
    for (Place* place = set; place != set + kWays; ++place)
      if (place->hash == hash) *place = {};
  }

 private:
  static constexpr uint32_t kWays = 4;
  struct Place {
    uint64_t hash, expires_ms, of;
  };
  Place* set_of(uint64_t hash) const { return &places_[(hash & mask_) * kWays]; }

  FixedArray<Place> places_;
  uint64_t mask_ = 0;
};

}  // namespace sluice
