// worker: what is given up first where packets come faster than they can be handled.
#pragma once

#include <rte_cycles.h>

#include <algorithm>
#include <array>
#include <cstdint>

#include "dataplane/contract/address.h"

namespace sluice {

/// What part of a worker's time the packets have that need more than a look-up. All of it, until the worker
/// falls behind; then half as much each time, and a little more with each millisecond: so the part is found
/// that leaves enough for the flows that are decided, which must not lose theirs in a queue that runs over.
/// Times are ticks of the TSC. One thread.
class Shedding {
 public:
  static constexpr uint64_t kWhole = 64, kLeast = 1;  ///< parts of the time
  static constexpr uint64_t kMostSavedUs = 20;        ///< of time that was not used
  static constexpr uint64_t kClients = 8;             ///< a client has at most this part of it…
  static constexpr uint64_t kAheadUs = 100;           ///< …which it may have so much too early

  explicit Shedding(uint64_t seed, uint64_t hz = rte_get_tsc_hz())
      : key_(seed | 1),
        most_saved_(static_cast<int64_t>(hz / 1'000'000 * kMostSavedUs)),
        ahead_(hz / 1'000'000 * kAheadUs) {}

  void fall_behind(uint64_t now) {
    if (!is_short()) now_ = now;
    left_ = std::min<int64_t>(left_, 0);
    parts_ = std::max(parts_ / 2, kLeast);
  }
  /// Call it once a millisecond.
  void recover() { parts_ = std::min(parts_ + 1, kWhole); }

  /// Is there less than the whole time?
  [[nodiscard]] bool is_short() const { return parts_ < kWhole; }

  /// Call it before each burst, when time is short.
  void set_time(uint64_t now) {
    left_ = std::min(left_ + static_cast<int64_t>((now - now_) * parts_), most_saved_ * int64_t{kWhole});
    now_ = now;
  }
  /// Is a packet of client's that needs more to be given up?
  [[nodiscard]] bool sheds(const Address& client) const {
    return is_short() && (left_ <= 0 || next_of_[place_of(client)] > now_ + ahead_);
  }
  /// One was not, and took so long. A worker that was kept from its processor is not charged with all of it.
  void spend(const Address& client, uint64_t ticks) {
    ticks = std::min(ticks, static_cast<uint64_t>(most_saved_));
    left_ -= static_cast<int64_t>(ticks * kWhole);
    uint64_t& next = next_of_[place_of(client)];
    next = std::max(next, now_) + ticks * kClients * kWhole / parts_;
  }

 private:
  static constexpr unsigned kPlaceBits = 10;  ///< clients that fall on one place share it

  size_t place_of(const Address& client) const {
    return ((client.word(0) ^ client.word(8)) * key_) >> (64 - kPlaceBits);
  }

  const uint64_t key_;
  const int64_t most_saved_;
  const uint64_t ahead_;
  uint64_t parts_ = kWhole;
  uint64_t now_ = 0;
  int64_t left_ = 0;  ///< to be spent, in parts of ticks; less than nothing where a packet took longer
  std::array<uint64_t, size_t{1} << kPlaceBits> next_of_{};
};

}  // namespace sluice
