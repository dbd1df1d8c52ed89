// worker: what is given up first where packets come faster than they can be handled.
#pragma once

#include <rte_cycles.h>

#include <array>
#include <cstdint>

#include "dataplane/contract/address.h"

namespace sluice {

/// While a worker is late, few packets that need more than a look-up are let through: the flows that are
/// decided must not lose theirs in a queue that runs over. One thread.
class Shedding {
 public:
  static constexpr uint64_t kGapUs = 10;         ///< from one that is let through to the next…
  static constexpr uint64_t kClientGapUs = 100;  ///< …and to the next of the same client

  explicit Shedding(uint64_t seed, uint64_t hz = rte_get_tsc_hz())
      : key_(seed | 1), gap_(hz / 1'000'000 * kGapUs), client_gap_(hz / 1'000'000 * kClientGapUs) {}

  void set_late(bool late) { late_ = late; }

  /// Would a packet of client's that needs more be given up now?
  [[nodiscard]] bool would_shed(const Address& client) const {
    return late_ && would_shed(place_of(client), rte_rdtsc());
  }
  /// Is it? One that is not takes the place of others.
  [[nodiscard]] bool sheds(const Address& client) {
    if (!late_) return false;
    const uint64_t now = rte_rdtsc();
    const size_t place = place_of(client);
    if (would_shed(place, now)) return true;
    next_ = now + gap_;
    next_of_[place] = now + client_gap_;
    return false;
  }

 private:
  static constexpr unsigned kPlaceBits = 10;  ///< clients that fall on one place share it

  bool would_shed(size_t place, uint64_t now) const { return now < next_ || now < next_of_[place]; }
  size_t place_of(const Address& client) const {
    return ((client.word(0) ^ client.word(8)) * key_) >> (64 - kPlaceBits);
  }

  const uint64_t key_, gap_, client_gap_;
  bool late_ = false;
  uint64_t next_ = 0;
  std::array<uint64_t, size_t{1} << kPlaceBits> next_of_{};
};

}  // namespace sluice
