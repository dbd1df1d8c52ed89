// worker: time by the processor's counter; the wall clock is read only now and then.
#pragma once

#include <rte_cycles.h>
#include <time.h>

#include <cstdint>

#include "dataplane/worker/pipeline.h"

namespace sluice {

/// Turns readings of the TSC into the times that a pipeline is told, without a system call. One thread at a
/// time.
class TickClock {
 public:
  /// Ticks of the TSC a second.
  explicit TickClock(uint64_t hz = rte_get_tsc_hz())
      : ticks_per_ms_(hz / 1000), ns_per_tick_(1e9 / static_cast<double>(hz)) {}

  static uint64_t now() { return rte_rdtsc(); }
  uint64_t ticks_per_ms() const { return ticks_per_ms_; }
  uint64_t ns(uint64_t ticks) const { return static_cast<uint64_t>(signed_ns(ticks)); }

  /// ticks: now. Reads the wall clock, which times are reckoned from until the next call.
  void set(uint64_t ticks) {
    timespec utc;
    clock_gettime(CLOCK_REALTIME, &utc);
    set_at_ = ticks;
    utc_ns_ = utc.tv_sec * int64_t{1'000'000'000} + utc.tv_nsec;
  }
  /// ticks: not before those of the last set.
  Clock at(uint64_t ticks) const { return {ticks / ticks_per_ms_, utc_ns_ + signed_ns(ticks - set_at_)}; }

 private:
  /// A processor turns signed integers into floating point and back at once, unsigned ones not.
  int64_t signed_ns(uint64_t ticks) const {
    return static_cast<int64_t>(static_cast<double>(static_cast<int64_t>(ticks)) * ns_per_tick_);
  }

  uint64_t ticks_per_ms_;
  double ns_per_tick_;
  uint64_t set_at_ = 0;
  int64_t utc_ns_ = 0;
};

}  // namespace sluice
