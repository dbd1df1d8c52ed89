// control/base: instants as text.
#include "control/base/utc.h"

#include <chrono>

namespace sluice::control {
namespace {

/// Appends number with leading zeros, width digits in all.
void append_padded(std::string& out, uint64_t number, size_t width) {
  char digits[20];
  for (size_t i = width; i-- > 0; number /= 10) {
    digits[i] = static_cast<char>('0' + number % 10);
  }
  out.append(digits, width);
}

}  // namespace

void append_utc(std::string& out, int64_t time_ns) {
  constexpr int64_t kDayNs = 86'400'000'000'000;
  int64_t day = time_ns / kDayNs, rest = time_ns % kDayNs;
  if (rest < 0) {  // before 1970 the day began earlier; <chrono> would overflow at the ends
    --day;
    rest += kDayNs;
  }
  const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{day}}};
  const auto micros = static_cast<uint64_t>(rest / 1000);
  append_padded(out, static_cast<uint64_t>(static_cast<int>(date.year())), 4);  // int64 ends in 2262
  out += '-';
  append_padded(out, static_cast<unsigned>(date.month()), 2);
  out += '-';
  append_padded(out, static_cast<unsigned>(date.day()), 2);
  out += 'T';
  append_padded(out, micros / 3'600'000'000, 2);
  out += ':';
  append_padded(out, micros / 60'000'000 % 60, 2);
  out += ':';
  append_padded(out, micros / 1'000'000 % 60, 2);
  out += '.';
  append_padded(out, micros % 1'000'000, 6);
  out += 'Z';
}

std::string utc_text(int64_t time_ns) {
  std::string out;
  append_utc(out, time_ns);
  return out;
}

std::optional<int64_t> parse_utc(std::string_view text) {
  constexpr std::string_view kForm = "0000-00-00T00:00:00.000000Z";
  if (text.size() != kForm.size()) {
    return std::nullopt;
  }
  int64_t numbers[7] = {};  // year, month, day, hour, minute, second, microsecond
  for (size_t i = 0, field = 0; i < kForm.size(); ++i) {
    const bool digit = text[i] >= '0' && text[i] <= '9';
    if (digit != (kForm[i] == '0') || (!digit && text[i] != kForm[i])) {
      return std::nullopt;
    }
    if (digit) {
      numbers[field] = numbers[field] * 10 + (text[i] - '0');
    } else {
      ++field;
    }
  }
  const auto [year, month, day, hour, minute, second, micros] = numbers;
  const std::chrono::year_month_day date{std::chrono::year{static_cast<int>(year)},
                                         std::chrono::month{static_cast<unsigned>(month)},
                                         std::chrono::day{static_cast<unsigned>(day)}};
  if (!date.ok() || year < 1678 || year > 2261 || hour > 23 || minute > 59 || second > 59) {
    return std::nullopt;  // of what int64 holds, whole years
  }
  const int64_t days = std::chrono::sys_days{date}.time_since_epoch().count();
  return ((((days * 24 + hour) * 60 + minute) * 60 + second) * 1'000'000 + micros) * 1000;
}

}  // namespace sluice::control
