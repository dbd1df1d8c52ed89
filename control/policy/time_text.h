// control/policy: a moment as a person writes it.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "control/policy/time_zone.h"

namespace sluice::control {

/// `2026-11-23`, `2026-11-23T09:00` or `2026-11-23T09:00:30`, as the clocks of zone show it; or with `Z` or
/// an offset behind it, as `+08:00` (RFC 3339). Nothing where it is none of them.
std::optional<std::chrono::sys_seconds> parse_moment(std::string_view text, const TimeZone& zone);

}  // namespace sluice::control
