// control/policy: the stretches of time in which a schedule holds.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <vector>

#include "control/policy/policy_source.h"
#include "control/policy/time_zone.h"

namespace sluice::control {

/// In UTC; the end is not in it.
struct Stretch {
  std::chrono::sys_seconds begin, end;
};

/// Days of the calendar, one bit for each.
class DaySet {
 public:
  /// Of the days that a time from..until may be in, anywhere on earth.
  DaySet(std::chrono::sys_seconds from, std::chrono::sys_seconds until);
  void add(std::chrono::local_days first, std::chrono::local_days last);
  void add(const DaySet& other);  ///< made for the same times
  bool has(std::chrono::local_days day) const;

 private:
  std::chrono::local_days first_;
  std::vector<bool> days_;
};

/// When schedule holds between from and until: whenever the clocks of zone show a time of its hours. except:
/// days on which none of them begins. In order, none touching another.
std::vector<Stretch> stretches_of(const ScheduleSource& schedule, const TimeZone& zone, const DaySet& except,
                                  std::chrono::sys_seconds from, std::chrono::sys_seconds until);

/// Puts stretches in order, and those together that meet.
void unite(std::vector<Stretch>& stretches);

}  // namespace sluice::control
