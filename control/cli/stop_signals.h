// control/cli: being told to stop, so that long work ends in order.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>

namespace sluice::control {

/// While it lives, the keyboard's Ctrl-C, a kill and a terminal that goes away are remembered, and end
/// nothing by themselves. One at a time.
class StopSignals {
 public:
  StopSignals();
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  [[nodiscard]] bool came() const { return flag(); }
  [[nodiscard]] const std::atomic<bool>& flag() const;
};

/// Shows on a terminal how far `what` is; false, where a stop came. stop: lives longer.
[[nodiscard]] std::function<bool(uint64_t done_bytes, uint64_t all_bytes)> stoppable_progress(
    std::string what, const StopSignals& stop);

}  // namespace sluice::control
