// control/keep: when the disk will be full.
#include "control/keep/forecast.h"

#include <algorithm>

namespace sluice::control {

Forecast forecast(std::span<const StoredSegment> segments, uint64_t free_bytes, double bytes_per_s,
                  int64_t now_ns, uint32_t keep_s, bool held_for_ever) {
  if (bytes_per_s <= 0) {
    return {};
  }
  const double term_s = keep_s;
  auto free = static_cast<double>(free_bytes);
  double at_s = 0;  // seconds from now up to which free is reckoned
  const auto full = [&](double until_s) { return free < bytes_per_s * (until_s - at_s); };
  const auto result = [&] {
    const double full_s = at_s + free / bytes_per_s;
    return Forecast{full_s, full_s <= term_s};
  };
  for (const StoredSegment& each : segments) {
    if (each.held) {
      continue;
    }
    // What is due is deleted soon, and what the term was lengthened for is due later than what comes.
    const double due_s = std::clamp(static_cast<double>(each.due_ns - now_ns) / 1e9, at_s, term_s);
    if (full(due_s)) {
      return result();
    }
    free += static_cast<double>(each.bytes) - bytes_per_s * (due_s - at_s);
    at_s = due_s;
  }
  return held_for_ever || full(term_s) ? result() : Forecast{};
}

}  // namespace sluice::control
