// control/policy: time zones, as the system's database has them.
#include "control/policy/time_zone.h"

#include <date/tz.h>

#include <exception>

namespace sluice::control {

std::optional<TimeZone> TimeZone::find(const std::string& name) {
  if (name == "UTC") return TimeZone{};
  try {
    TimeZone out;
    out.zone_ = date::locate_zone(name);
    out.around({});  // reads its file
    return out;
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

std::vector<std::string_view> TimeZone::names() {
  std::vector<std::string_view> out;
  try {
    for (const date::time_zone& zone : date::get_tzdb().zones) out.emplace_back(zone.name());
  } catch (const std::exception&) {
    out.clear();
  }
  return out;
}

TimeZone::Stretch TimeZone::around(std::chrono::sys_seconds moment) const {
  if (zone_ == nullptr) return {std::chrono::sys_seconds::min(), std::chrono::sys_seconds::max(), {}};
  const date::sys_info info = zone_->get_info(moment);
  return {info.begin, info.end, info.offset};
}

std::chrono::local_seconds TimeZone::to_local(std::chrono::sys_seconds moment) const {
  return std::chrono::local_seconds{moment.time_since_epoch() + around(moment).offset};
}

std::chrono::sys_seconds TimeZone::to_utc(std::chrono::local_seconds shown) const {
  if (zone_ == nullptr) return std::chrono::sys_seconds{shown.time_since_epoch()};
  return zone_->to_sys(date::local_seconds{shown.time_since_epoch()}, date::choose::earliest);
}

}  // namespace sluice::control
