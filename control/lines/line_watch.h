// control/lines: remembers the counters of the last minutes, and of the last day.
#pragma once

#include <chrono>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "control/lines/snapshot.h"
#include "control/lines/verdict.h"
#include "control/policy/policy_terms.h"

namespace sluice::control {

/// Who is at fault for a line.
struct LineVerdict {
  std::string name;
  Blame blame = Blame::NoTraffic;
};

/// Of the figures of each line. Belongs to the daemon's loop.
class LineWatch {
 public:
  static constexpr unsigned kLooksPerWindow = 12;  ///< so a window is off by a twelfth at most
  static constexpr unsigned kLongWindows = 5;      ///< the long window is so many short ones
  static constexpr size_t kDayLooks = 24;          ///< one an hour, for what is usual
  static constexpr std::chrono::hours kDayLookEvery{1};

  /// window: the short one.
  explicit LineWatch(std::chrono::milliseconds window) : window_(window) {}

  /// How often look wants to be called.
  std::chrono::milliseconds every() const { return window_ / kLooksPerWindow; }
  std::chrono::milliseconds window() const { return window_; }

  /// Another region starts everything anew: its counters do too. May be nullptr.
  void set_region(std::shared_ptr<const SharedRegion> region, LineTime now);
  void look(LineTime now);

  /// Connections and questions that the LAN asked for, of the last look's region since it began.
  [[nodiscard]] uint64_t asked() const;
  /// Over the last `back`, or since the first look. up, generation: see GatewaySeen.
  [[nodiscard]] GatewaySeen gateway(std::chrono::milliseconds back, LineTime now, bool up,
                                    uint32_t generation) const;
  /// The same of each line, in the order of the pairs. utc_s: for the lines' terms.
  [[nodiscard]] std::vector<LineSeen> lines(std::chrono::milliseconds back, LineTime now,
                                            const PolicyTerms& terms, int64_t utc_s) const;
  /// The verdict on each line over the short window.
  [[nodiscard]] std::vector<LineVerdict> verdicts(LineTime now, bool up, uint32_t generation,
                                                  const PolicyTerms& terms, int64_t utc_s) const;

 private:
  [[nodiscard]] const Snapshot* since(std::chrono::milliseconds back, LineTime now) const;
  [[nodiscard]] uint64_t usual_ns(size_t line, AskingSum LineSum::*asking, const Snapshot& until) const;

  const std::chrono::milliseconds window_;
  std::shared_ptr<const SharedRegion> region_;
  std::deque<Snapshot> looks_;  ///< of the long window; the oldest first
  std::deque<Snapshot> day_;
};

}  // namespace sluice::control
