// control/registry: the audit log of Microsoft's DHCP server.
#include <cstdio>

#include "control/policy/prefix.h"
#include "control/registry/leases.h"

namespace sluice::control {
namespace {

enum class WindowsEvent : uint8_t {
  Other,
  Let,
  Ended
};

/// As the log's own head explains its numbers.
WindowsEvent windows_event(std::string_view id) {
  if (id == "10" || id == "11") return WindowsEvent::Let;  // new, renewed
  // Released; found in use by somebody else; deleted; expired, twice.
  if (id == "12" || id == "13" || id == "16" || id == "17" || id == "18") return WindowsEvent::Ended;
  return WindowsEvent::Other;
}

/// `11/23/26` and `04:05:06`, as the server's clock showed.
bool read_windows_time(std::string_view date, std::string_view time, const TimeZone& zone, int64_t& out_ns) {
  const std::string day_text(date), time_text(time);
  constexpr int kCentury = 2000, kLastYear = 2261;
  int year = 0, hour = 0, minute = 0, second = 0, day_end = 0, time_end = 0;
  unsigned month = 0, day = 0;
  if (std::sscanf(day_text.c_str(), "%2u/%2u/%4d%n", &month, &day, &year, &day_end) != 3 ||
      std::sscanf(time_text.c_str(), "%2d:%2d:%2d%n", &hour, &minute, &second, &time_end) != 3 ||
      static_cast<size_t>(day_end) != day_text.size() || static_cast<size_t>(time_end) != time_text.size())
    return false;
  if (year >= 0 && year < 100) year += kCentury;
  const std::chrono::year_month_day shown{std::chrono::year(year), std::chrono::month(month),
                                          std::chrono::day(day)};
  if (!shown.ok() || year < kCentury || year > kLastYear || hour < 0 || hour > 23 || minute < 0 ||
      minute > 59 || second < 0 || second > 59)
    return false;
  const auto local = std::chrono::local_days(shown) + std::chrono::hours(hour) +
                     std::chrono::minutes(minute) + std::chrono::seconds(second);
  out_ns = zone.to_utc(local).time_since_epoch().count() * kLeaseSecondNs;
  return true;
}

bool begins_with_digit(std::string_view text) {
  return !text.empty() && text[0] >= '0' && text[0] <= '9';
}

}  // namespace

void read_windows(std::string_view text, const LeaseReading& reading, LeaseFile& out) {
  for_each_line(text, out.cut, [&](uint64_t line, std::string_view rest) {
    if (!begins_with_digit(rest) || rest.find(',') == rest.npos)
      return;  // the head, which explains the numbers
    const std::string_view id = next_field(rest), date = next_field(rest), time = next_field(rest);
    (void)next_field(rest);  // a description
    const std::string_view address = next_field(rest), machine = next_field(rest),
                           hardware = next_field(rest);
    const WindowsEvent what = windows_event(id);
    if (what == WindowsEvent::Other) return;
    LeaseEvent event;
    if (!read_windows_time(date, time, reading.zone, event.time_ns))
      return out.problems.add(line, "has no right date and time");
    if (!parse_address(address, event.address)) return out.problems.add(line, "has no address");
    event.let = what == WindowsEvent::Let;
    event.mac = event.let ? parse_mac(hardware).value_or(0) : 0;
    event.machine = machine;
    event.until_ns = believed_end(event.time_ns, INT64_MAX, reading);
    out.events.push_back(std::move(event));
  });
}

}  // namespace sluice::control
