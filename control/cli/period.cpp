// control/cli: a period as a person writes it.
#include "control/cli/period.h"

#include <charconv>
#include <chrono>
#include <iostream>
#include <optional>
#include <string_view>

#include "control/base/clock.h"
#include "control/base/utc.h"
#include "control/policy/time_text.h"

namespace sluice::control {
namespace {

/// `90s`, `30m`, `2h`, `7d`, up to ten years; nothing where text is none of them.
std::optional<std::chrono::seconds> seconds_ago(const std::string& text) {
  constexpr std::string_view kUnits = "smhd";
  constexpr int64_t kSeconds[] = {1, 60, 3600, 86'400}, kMost = 3660LL * 86'400;
  int64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, number);
  const size_t unit = read.ptr + 1 == end ? kUnits.find(*read.ptr) : std::string_view::npos;
  if (read.ec != std::errc() || unit == std::string_view::npos || number < 0 ||
      number > kMost / kSeconds[unit]) {
    return std::nullopt;
  }
  return std::chrono::seconds(number * kSeconds[unit]);
}

}  // namespace

bool read_bound(const std::string& text, bool until, std::string& out) {
  constexpr size_t kDay = 10;
  if (text.empty()) {
    return true;
  }
  if (const auto ago = seconds_ago(text); ago) {
    out = utc_text(utc_now_ns() - std::chrono::nanoseconds(*ago).count());
    return true;
  }
  if (parse_utc(text)) {  // copied from the log
    out = text;
    return true;
  }
  const auto moment = parse_moment(text, TimeZone());
  if (!moment) {
    std::cerr << "sluicectl: " << text
              << " is no time; write 2026-11-23, 2026-11-23T09:00 (UTC), as in RFC 3339, or 2h\n";
    return false;
  }
  using std::chrono::microseconds;
  const auto end =
      until && text.size() == kDay ? microseconds(std::chrono::days(1)) - microseconds(1) : microseconds();
  out = utc_text(std::chrono::nanoseconds(moment->time_since_epoch() + end).count());
  return true;
}

}  // namespace sluice::control
