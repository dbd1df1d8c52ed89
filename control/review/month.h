// control/review: months of a site's calendar.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "control/policy/time_zone.h"

namespace sluice::control {

using Month = std::chrono::year_month;

/// `2026-11`, of the years 1970 to 2199; nothing where text is none of them.
[[nodiscard]] std::optional<Month> month_of(std::string_view text);
[[nodiscard]] std::string month_text(Month month);
/// The month in which a moment lies; UTC since 1970.
[[nodiscard]] Month month_at(int64_t time_ns, const TimeZone& zone);

/// UTC since 1970; the end is the first moment of the next month.
struct MonthSpan {
  int64_t begin_ns = 0, end_ns = 0;
};
[[nodiscard]] MonthSpan span_of(Month month, const TimeZone& zone);

/// What the clocks of a zone show, quickly: it asks the zone when they change, not each time.
class LocalClock {
 public:
  explicit LocalClock(const TimeZone& zone) : zone_(zone) {}
  struct Shown {
    std::chrono::local_days day;
    unsigned hour = 0;
  };
  [[nodiscard]] Shown at(int64_t time_ns);

 private:
  const TimeZone zone_;
  TimeZone::Stretch stretch_{};
};

/// `2026-11-23 12:05`, of a moment, as the clocks of a zone show it; `2026-11-23`.
[[nodiscard]] std::string local_minute(int64_t time_ns, const TimeZone& zone);
[[nodiscard]] std::string local_day(int64_t time_ns, const TimeZone& zone);
[[nodiscard]] std::string day_text(std::chrono::local_days day);

}  // namespace sluice::control
