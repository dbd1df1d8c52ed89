// control/feeds: when a feed is looked at next.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "control/feeds/fetch_limits.h"

namespace sluice::control {

// random: 0 to 1; without it the feeds of a site, and those of many sites, would ask at one moment.

/// After a start, or where the policy has a new feed. since: the copy was checked so long ago; negative:
/// there is none.
[[nodiscard]] inline std::chrono::milliseconds first_delay(std::chrono::milliseconds since,
                                                           uint32_t refresh_s, const FetchLimits& limits,
                                                           double random) {
  using std::chrono::milliseconds;
  if (since.count() < 0) {
    return milliseconds(0);
  }
  const milliseconds left = std::chrono::seconds(refresh_s) - since;
  const auto spread = milliseconds(static_cast<int64_t>(static_cast<double>(limits.spread.count()) * random));
  return left.count() > 0 ? left : spread;
}

/// After the last try. failures: in a row. retry_after: what the server asked for.
[[nodiscard]] inline std::chrono::milliseconds next_delay(uint32_t refresh_s, unsigned failures,
                                                          std::chrono::seconds retry_after,
                                                          const FetchLimits& limits, double random) {
  using std::chrono::milliseconds;
  const milliseconds refresh = std::chrono::seconds(refresh_s);
  milliseconds delay = refresh;
  if (failures > 0) {
    constexpr unsigned kMostDoublings = 20;
    delay = std::min(refresh, limits.first_retry * (int64_t{1} << std::min(failures - 1, kMostDoublings)));
  }
  const double share = failures > 0 ? 0.5 + random / 2 : 0.9 + random / 10;
  delay = milliseconds(static_cast<int64_t>(static_cast<double>(delay.count()) * share));
  return std::max(delay, std::min<milliseconds>(retry_after, refresh));
}

}  // namespace sluice::control
