// contract: how long things took, counted by one writer and read by others while it counts.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "dataplane/contract/counter.h"

namespace sluice {

/// Durations in nanoseconds, each with a weight, in buckets whose bounds double in four steps: what is read
/// from it is at most a quarter too high.
class Histogram {
 public:
  static constexpr unsigned kSteps = 4;                       ///< of an octave
  static constexpr unsigned kFirstOctave = 6, kOctaves = 24;  ///< from 64 ns to a second
  static constexpr size_t kBuckets = 1 + kOctaves * kSteps + 1;
  static constexpr uint64_t kNoBound = std::numeric_limits<uint64_t>::max();

  /// The bucket whose bound is the least that ns does not exceed.
  static constexpr size_t bucket_of(uint64_t ns) {
    const uint64_t below = ns == 0 ? 0 : ns - 1;  // a bound belongs to its bucket
    if (below >> kFirstOctave == 0) return 0;
    const auto octave = static_cast<unsigned>(std::bit_width(below)) - 1;
    const auto step = static_cast<unsigned>(below >> (octave - 2)) & (kSteps - 1);
    return std::min<size_t>(1 + (octave - kFirstOctave) * kSteps + step, kBuckets - 1);
  }
  /// The longest duration that bucket counts, in nanoseconds; the last one has no bound.
  static constexpr uint64_t bound_of(size_t bucket) {
    if (bucket == 0) return uint64_t{1} << kFirstOctave;
    if (bucket == kBuckets - 1) return kNoBound;
    const size_t octave = kFirstOctave + (bucket - 1) / kSteps, step = (bucket - 1) % kSteps;
    return uint64_t{kSteps + step + 1} << (octave - 2);
  }

  void add(uint64_t ns, uint64_t weight = 1) {
    buckets_[bucket_of(ns)].add(weight);
    sum_ns_.add(ns * weight);
  }

  uint64_t in_bucket(size_t bucket) const { return buckets_[bucket].get(); }
  uint64_t sum_ns() const { return sum_ns_.get(); }
  /// All weights.
  uint64_t count() const {
    uint64_t all = 0;
    for (const Counter& bucket : buckets_) all += bucket.get();
    return all;
  }

 private:
  Counter buckets_[kBuckets];
  Counter sum_ns_;
};
static_assert(Histogram::kSteps == 4, "two bits below the highest tell the step");

}  // namespace sluice
