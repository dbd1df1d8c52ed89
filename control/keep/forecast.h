// control/keep: when the disk will be full.
#pragma once

#include <cstdint>
#include <limits>
#include <span>

namespace sluice::control {

/// A segment on the disk.
struct StoredSegment {
  int64_t due_ns = 0;  ///< when its term is over; UTC since 1970
  uint64_t bytes = 0;
  bool held = false;  ///< is not deleted then
};

struct Forecast {
  static constexpr double kNever = std::numeric_limits<double>::infinity();
  double full_s = kNever;    ///< seconds from now
  bool before_term = false;  ///< full before what is written now may be deleted
};

/// What becomes of free_bytes when bytes_per_s are written and each segment goes when it is due, what is
/// written from now on after keep_s. segments: in the order in which they are due. held_for_ever: what is
/// written from now on is held without end, so it never goes.
[[nodiscard]] Forecast forecast(std::span<const StoredSegment> segments, uint64_t free_bytes,
                                double bytes_per_s, int64_t now_ns, uint32_t keep_s, bool held_for_ever);

}  // namespace sluice::control
