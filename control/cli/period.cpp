// control/cli: a period as a person writes it.
#include "control/cli/period.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <iostream>
#include <optional>
#include <string_view>
#include <utility>

#include "control/base/clock.h"
#include "control/base/utc.h"
#include "control/policy/time_text.h"

namespace sluice::control {

std::optional<std::chrono::seconds> read_duration(std::string_view text) {
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

std::optional<std::chrono::seconds> read_duration_within(std::string_view option, std::string_view text,
                                                         std::chrono::seconds least,
                                                         std::chrono::seconds most) {
  const auto read = read_duration(text);
  if (!read || *read < least || *read > most) {
    std::cerr << "sluicectl: " << option << " cannot be " << (text.empty() ? "nothing" : text) << "; write "
              << duration_text(least) << " to " << duration_text(most) << ", as 90s, 30m, 4h or 2d\n";
    return std::nullopt;
  }
  return read;
}

std::string duration_text(std::chrono::seconds time) {
  constexpr std::pair<int64_t, char> kUnits[] = {{86'400, 'd'}, {3600, 'h'}, {60, 'm'}, {1, 's'}};
  int64_t left = std::max<int64_t>(time.count(), 0);
  std::string out;
  int parts = 0;
  for (const auto& [seconds, letter] : kUnits) {
    if (left < seconds || parts == 2) {
      continue;
    }
    out += (out.empty() ? "" : " ") + std::to_string(left / seconds) + letter;
    left %= seconds;
    ++parts;
  }
  return out.empty() ? "0s" : out;
}

bool read_bound(const std::string& text, bool until, std::string& out) {
  constexpr size_t kDay = 10;
  if (text.empty()) {
    return true;
  }
  if (const auto ago = read_duration(text); ago) {
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
