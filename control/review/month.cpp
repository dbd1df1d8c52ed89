// control/review: months of a site's calendar.
#include "control/review/month.h"

#include <algorithm>

#include "control/base/utc.h"

namespace sluice::control {
namespace {

using std::chrono::days;
using std::chrono::local_days;
using std::chrono::seconds;
using std::chrono::sys_seconds;

constexpr int64_t kSecondNs = 1'000'000'000;
constexpr int kFirstYear = 1970, kLastYear = 2199;

sys_seconds second_of(int64_t time_ns) {
  return sys_seconds{std::chrono::floor<seconds>(std::chrono::nanoseconds(time_ns))};
}

int64_t first_ns(Month month, const TimeZone& zone) {
  const local_days day{month / std::chrono::day{1}};
  return zone.to_utc(day).time_since_epoch().count() * kSecondNs;
}

}  // namespace

std::optional<Month> month_of(std::string_view text) {
  constexpr std::string_view kForm = "0000-00";
  if (text.size() != kForm.size()) {
    return std::nullopt;
  }
  int numbers[2] = {};
  for (size_t i = 0; i < kForm.size(); ++i) {
    const bool digit = text[i] >= '0' && text[i] <= '9';
    if (digit != (kForm[i] == '0') || (!digit && text[i] != kForm[i])) {
      return std::nullopt;
    }
    if (digit) {
      int& number = numbers[i > 4 ? 1 : 0];
      number = number * 10 + (text[i] - '0');
    }
  }
  const Month out{std::chrono::year{numbers[0]}, std::chrono::month{static_cast<unsigned>(numbers[1])}};
  return out.ok() && numbers[0] >= kFirstYear && numbers[0] <= kLastYear ? std::optional(out) : std::nullopt;
}

std::string month_text(Month month) {
  return day_text(local_days{month / std::chrono::day{1}}).substr(0, sizeof "2026-11" - 1);
}

Month month_at(int64_t time_ns, const TimeZone& zone) {
  const auto day = std::chrono::floor<days>(zone.to_local(second_of(time_ns)));
  const std::chrono::year_month_day date{local_days{day}};
  return date.year() / date.month();
}

MonthSpan span_of(Month month, const TimeZone& zone) {
  return {first_ns(month, zone), first_ns(month + std::chrono::months{1}, zone)};
}

LocalClock::Shown LocalClock::at(int64_t time_ns) {
  const sys_seconds moment = second_of(time_ns);
  if (moment < stretch_.begin || moment >= stretch_.end) {
    stretch_ = zone_.around(moment);
  }
  const std::chrono::local_seconds shown{moment.time_since_epoch() + stretch_.offset};
  const auto day = std::chrono::floor<days>(shown);
  return {local_days{day}, static_cast<unsigned>((shown - day) / std::chrono::hours{1})};
}

std::string local_minute(int64_t time_ns, const TimeZone& zone) {
  constexpr size_t kDay = sizeof "2026-11-23" - 1, kMinute = sizeof "2026-11-23T04:05" - 1;
  const auto shown = zone.to_local(second_of(time_ns));
  std::string out = utc_text(shown.time_since_epoch().count() * kSecondNs).substr(0, kMinute);
  out[kDay] = ' ';
  return out;
}

std::string local_day(int64_t time_ns, const TimeZone& zone) {
  return local_minute(time_ns, zone).substr(0, sizeof "2026-11-23" - 1);
}

std::string day_text(local_days day) {
  const auto ns = std::chrono::duration_cast<seconds>(day.time_since_epoch()).count() * kSecondNs;
  return utc_text(ns).substr(0, sizeof "2026-11-23" - 1);
}

}  // namespace sluice::control
