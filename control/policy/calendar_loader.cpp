// control/policy: the times of a policy: holidays and schedules.
#include <algorithm>
#include <optional>
#include <string>

#include "control/policy/field_reader.h"
#include "control/policy/source_loader.h"

namespace sluice::control {
namespace {

constexpr std::string_view kDayWords[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
constexpr size_t kWeek = std::size(kDayWords);
constexpr std::chrono::days kMaxHolidays{366};  ///< of one range
constexpr uint16_t kMidnight = 24 * 60;

std::optional<size_t> day_of(std::string_view text) {
  const auto found = std::ranges::find(kDayWords, text);
  if (found == std::end(kDayWords)) return std::nullopt;
  return static_cast<size_t>(found - std::begin(kDayWords));
}

/// `mon`, `mon-fri`, `sat-mon`.
std::optional<uint8_t> parse_days(std::string_view text) {
  const size_t dash = text.find('-');
  const auto first = day_of(text.substr(0, dash));
  const auto last = dash == text.npos ? first : day_of(text.substr(dash + 1));
  if (!first || !last) return std::nullopt;
  uint8_t bits = 0;
  for (size_t day = *first;; day = (day + 1) % kWeek) {
    bits = static_cast<uint8_t>(bits | 1U << day);
    if (day == *last) return bits;
  }
}

/// `08:30-18:30`.
std::optional<HourSpan> parse_hours(std::string_view text) {
  const size_t dash = text.find('-');
  if (dash == text.npos) return std::nullopt;
  const auto begin = parse_time(text.substr(0, dash)), end = parse_time(text.substr(dash + 1));
  if (!begin || !end || *begin == kMidnight || *begin == *end) return std::nullopt;
  return HourSpan{*begin, *end};
}

/// `2026-10-01` or `2026-10-01..2026-10-07`.
std::optional<HolidaysSource::Days> parse_date_range(std::string_view text) {
  const size_t dots = text.find("..");
  const auto first = parse_date(text.substr(0, dots));
  const auto last = dots == text.npos ? first : parse_date(text.substr(dots + 2));
  if (!first || !last || *last < *first || *last - *first >= kMaxHolidays) return std::nullopt;
  return HolidaysSource::Days{*first, *last};
}

void load_schedule(Word name, const YamlNode& node, PolicySource& source, Report& report) {
  static constexpr std::string_view kKeys[] = {"days", "hours", "except", "timezone"};
  ScheduleSource schedule;
  schedule.name = std::move(name);
  const Fields fields(node, {"a schedule", kKeys}, report);
  if (const YamlNode* value = fields.find("days")) {
    schedule.days = 0;
    for (const YamlNode* item : read_one_or_more(*value, "days", report)) {
      const auto weekdays = parse_days(item->text);
      if (weekdays) {
        schedule.days = static_cast<uint8_t>(schedule.days | *weekdays);
      } else {
        report.error(item->at, in_quotes(item->text) + " is no day of the week",
                     "write " + alternatives(kDayWords) + ", or a range of them, as mon-fri");
      }
    }
  }
  if (const YamlNode* value = fields.find("hours")) {
    for (const YamlNode* item : read_one_or_more(*value, "hours", report)) {
      const auto hours = parse_hours(item->text);
      if (hours) {
        schedule.hours.push_back(*hours);
      } else {
        report.error(item->at, in_quotes(item->text) + " is no span of a day",
                     "write \"08:30-18:30\", or \"22:00-06:00\" for one that passes midnight; leave `hours` "
                     "out for all day");
      }
    }
  }
  if (const YamlNode* value = fields.find("except")) {
    for (const YamlNode* item : read_one_or_more(*value, "except", report))
      schedule.except.push_back({item->text, item->at});
  }
  if (const YamlNode* value = fields.find("timezone")) {
    if (auto zone = read_text(*value, "timezone", report)) schedule.timezone = {std::move(*zone), value->at};
  }
  source.schedules.push_back(std::move(schedule));
}

}  // namespace

void load_holidays(const YamlNode& node, PolicySource& source, Report& report) {
  for (auto& [name, value] : read_named(node, "holidays", report)) {
    HolidaysSource holidays;
    holidays.name = std::move(name);
    for (const YamlNode* item : read_items(*value, "holidays", report)) {
      const auto range = parse_date_range(item->text);
      if (range) {
        holidays.days.push_back(*range);
      } else {
        report.error(item->at, in_quotes(item->text) + " is no day, and no range of days",
                     "write 2026-10-01, or 2026-10-01..2026-10-07 for at most " +
                         std::to_string(kMaxHolidays.count()) + " days");
      }
    }
    source.holidays.push_back(std::move(holidays));
  }
}

void load_schedules(const YamlNode& node, PolicySource& source, Report& report) {
  for (auto& [name, value] : read_named(node, "schedules", report))
    load_schedule(std::move(name), *value, source, report);
}

}  // namespace sluice::control
