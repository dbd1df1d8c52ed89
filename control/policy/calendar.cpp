// control/policy: the stretches of time in which a schedule holds.
#include "control/policy/calendar.h"

#include <algorithm>

namespace sluice::control {
namespace {

using std::chrono::local_days;
using std::chrono::local_seconds;
using std::chrono::sys_seconds;

constexpr HourSpan kAllDay[] = {{0, 24 * 60}};

local_days day_shown(sys_seconds moment, std::chrono::seconds offset) {
  return std::chrono::floor<std::chrono::days>(local_seconds{moment.time_since_epoch() + offset});
}

bool holds_on(const ScheduleSource& schedule, local_days day) {
  const unsigned from_monday = std::chrono::weekday{day}.iso_encoding() - 1;
  return schedule.days >> from_monday & 1;
}

}  // namespace

DaySet::DaySet(sys_seconds from, sys_seconds until)
    : first_(day_shown(from, {}) - std::chrono::days{2}),
      days_(static_cast<size_t>((day_shown(until, {}) + std::chrono::days{3} - first_).count())) {}

void DaySet::add(local_days first, local_days last) {
  const local_days end = first_ + std::chrono::days{days_.size()};
  for (local_days day = std::max(first, first_); day <= last && day < end; day += std::chrono::days{1})
    days_[static_cast<size_t>((day - first_).count())] = true;
}

void DaySet::add(const DaySet& other) {
  for (size_t i = 0; i < days_.size(); ++i)
    if (other.days_[i]) days_[i] = true;
}

bool DaySet::has(local_days day) const {
  const auto index = (day - first_).count();
  return index >= 0 && static_cast<size_t>(index) < days_.size() && days_[static_cast<size_t>(index)];
}

void unite(std::vector<Stretch>& stretches) {
  std::ranges::sort(stretches, {}, &Stretch::begin);
  size_t kept = 0;
  for (const Stretch& stretch : stretches) {
    if (kept > 0 && stretch.begin <= stretches[kept - 1].end) {
      stretches[kept - 1].end = std::max(stretches[kept - 1].end, stretch.end);
    } else {
      stretches[kept++] = stretch;
    }
  }
  stretches.resize(kept);
}

std::vector<Stretch> stretches_of(const ScheduleSource& schedule, const TimeZone& zone, const DaySet& except,
                                  sys_seconds from, sys_seconds until) {
  const std::span<const HourSpan> hours =
      schedule.hours.empty() ? std::span<const HourSpan>(kAllDay) : std::span<const HourSpan>(schedule.hours);
  std::vector<Stretch> out;
  // Between two changes of the clocks their offset is one number; what they never show never holds, and what
  // they show twice holds twice.
  for (sys_seconds at = from; at < until;) {
    const TimeZone::Stretch still = zone.around(at);
    const sys_seconds end = std::min(still.end, until);
    for (local_days day = day_shown(at, still.offset) - std::chrono::days{1};
         day <= day_shown(end, still.offset); day += std::chrono::days{1}) {
      if (!holds_on(schedule, day) || except.has(day)) continue;
      for (const HourSpan& span : hours) {
        const std::chrono::minutes length{span.end - span.begin + (span.end <= span.begin ? 24 * 60 : 0)};
        const sys_seconds begin{(day + std::chrono::minutes{span.begin}).time_since_epoch() - still.offset};
        const Stretch stretch{std::max(begin, at), std::min(begin + length, end)};
        if (stretch.begin < stretch.end) out.push_back(stretch);
      }
    }
    at = end;
  }
  unite(out);
  return out;
}

}  // namespace sluice::control
