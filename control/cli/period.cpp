// control/cli: a period as a person writes it.
#include "control/cli/period.h"

#include <chrono>
#include <iostream>

#include "control/base/utc.h"
#include "control/policy/time_text.h"

namespace sluice::control {

bool read_bound(const std::string& text, bool until, std::string& out) {
  constexpr size_t kDay = 10;
  if (text.empty()) {
    return true;
  }
  const auto moment = parse_moment(text, TimeZone());
  if (!moment) {
    std::cerr << "sluicectl: " << text
              << " is no time; write 2026-11-23, 2026-11-23T09:00 (UTC) or as in RFC 3339\n";
    return false;
  }
  using std::chrono::microseconds;
  const auto end =
      until && text.size() == kDay ? microseconds(std::chrono::days(1)) - microseconds(1) : microseconds();
  out = utc_text(std::chrono::nanoseconds(moment->time_since_epoch() + end).count());
  return true;
}

}  // namespace sluice::control
