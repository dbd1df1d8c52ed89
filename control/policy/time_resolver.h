// control/policy: turns the times of a policy into UTC instants.
#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

#include "control/policy/diagnostics.h"
#include "control/policy/policy_source.h"
#include "control/policy/time_zone.h"

namespace sluice::control {

/// How far from the moment of compiling schedules are known, so that they hold while control is away and
/// `explain --at` can look back.
inline constexpr std::chrono::days kEdgesBack{366}, kEdgesAhead{731};
/// How long an exception may last: none is for ever.
inline constexpr std::chrono::days kMaxExceptionTerm{731};
inline constexpr size_t kMaxSchedules = 256;
inline constexpr size_t kMaxHourSpans = 24;           ///< of one schedule
inline constexpr size_t kMaxEdges = size_t{1} << 22;  ///< of all schedules together

struct ResolvedTimes {
  TimeZone site;
  std::chrono::sys_seconds from, until;  ///< what the calendars cover
  /// Each combination of schedules once: it is off before its first edge, and each edge (seconds, ascending,
  /// from `from` to before `until`) turns it on or off.
  std::vector<std::vector<int64_t>> calendars;
  std::vector<uint16_t> rules;      ///< for each rule its calendar, or kNone16
  std::vector<int64_t> exceptions;  ///< for each exception the second at which it ends
  std::vector<int64_t> lines;       ///< for each line the second from which it is refused, or kNever
};

/// Reports zones, schedules and holidays that are not there, terms that are over, and exceptions that last
/// too long or have expired.
ResolvedTimes resolve_times(const PolicySource& source, std::chrono::sys_seconds now, Report& report);

}  // namespace sluice::control
