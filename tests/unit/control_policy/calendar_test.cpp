// tests: when a schedule holds, in the time of its zone.
#include "control/policy/calendar.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice::control {
namespace {

using namespace std::chrono_literals;
using std::chrono::sys_days;
using std::chrono::sys_seconds;

sys_seconds at(int year, unsigned month, unsigned day, int hour = 0, int minute = 0) {
  return sys_days{std::chrono::year{year} / static_cast<int>(month) / static_cast<int>(day)} +
         std::chrono::hours{hour} + std::chrono::minutes{minute};
}

std::string text_of(sys_seconds moment) {
  const auto day = std::chrono::floor<std::chrono::days>(moment);
  const std::chrono::year_month_day date{day};
  const auto minutes = std::chrono::duration_cast<std::chrono::minutes>(moment - day).count();
  char out[32];
  std::snprintf(out, sizeof out, "%02u-%02u %02d:%02d", static_cast<unsigned>(date.month()),
                static_cast<unsigned>(date.day()), static_cast<int>(minutes / 60),
                static_cast<int>(minutes % 60));
  return out;
}

/// The stretches of a schedule between two days, in UTC.
std::vector<std::string> stretches(const ScheduleSource& schedule, const char* zone_name, sys_seconds from,
                                   sys_seconds until, std::vector<HolidaysSource::Days> except = {}) {
  const auto zone = TimeZone::find(zone_name);
  EXPECT_TRUE(zone) << zone_name;
  DaySet free_days(from, until);
  for (const auto& [first, last] : except) free_days.add(first, last);
  std::vector<std::string> out;
  for (const Stretch& one : stretches_of(schedule, *zone, free_days, from, until))
    out.push_back(text_of(one.begin) + " to " + text_of(one.end));
  return out;
}

constexpr uint8_t kWorkdays = 0x1f, kSunday = 0x40, kSaturday = 0x20;
using Texts = std::vector<std::string>;

TEST(Calendar, WorkdaysInShanghaiHaveNoSummerTime) {
  EXPECT_EQ(stretches({.days = kWorkdays, .hours = {{510, 1110}}}, "Asia/Shanghai", at(2026, 3, 27),
                      at(2026, 3, 31)),
            (Texts{"03-27 00:30 to 03-27 10:30", "03-30 00:30 to 03-30 10:30"}));
}

TEST(Calendar, HoursInBerlinMoveWithTheClocksInSpring) {
  EXPECT_EQ(stretches({.hours = {{510, 1110}}}, "Europe/Berlin", at(2026, 3, 28), at(2026, 3, 30)),
            (Texts{"03-28 07:30 to 03-28 17:30", "03-29 06:30 to 03-29 16:30"}));
}

TEST(Calendar, HoursInBerlinMoveWithTheClocksInAutumn) {
  EXPECT_EQ(stretches({.hours = {{510, 1110}}}, "Europe/Berlin", at(2026, 10, 24), at(2026, 10, 26)),
            (Texts{"10-24 06:30 to 10-24 16:30", "10-25 07:30 to 10-25 17:30"}));
}

// On 2026-03-29 the clocks of Berlin go from 02:00 to 03:00, at 01:00 UTC.
TEST(Calendar, WhatTheClocksNeverShowNeverHolds) {
  EXPECT_EQ(
      stretches({.days = kSunday, .hours = {{135, 165}}}, "Europe/Berlin", at(2026, 3, 28), at(2026, 3, 31)),
      Texts{});
}

TEST(Calendar, AHoleInTheClocksIsNoHoleInASpan) {
  EXPECT_EQ(
      stretches({.days = kSunday, .hours = {{60, 240}}}, "Europe/Berlin", at(2026, 3, 28), at(2026, 3, 31)),
      (Texts{"03-29 00:00 to 03-29 02:00"}));
}

TEST(Calendar, ASpanThatBeginsInTheHoleBeginsBehindIt) {
  EXPECT_EQ(
      stretches({.days = kSunday, .hours = {{150, 240}}}, "Europe/Berlin", at(2026, 3, 28), at(2026, 3, 31)),
      (Texts{"03-29 01:00 to 03-29 02:00"}));
}

// On 2026-10-25 the clocks of Berlin go from 03:00 to 02:00, at 01:00 UTC.
TEST(Calendar, WhatTheClocksShowTwiceHoldsTwice) {
  EXPECT_EQ(stretches({.days = kSunday, .hours = {{135, 165}}}, "Europe/Berlin", at(2026, 10, 24),
                      at(2026, 10, 27)),
            (Texts{"10-25 00:15 to 10-25 00:45", "10-25 01:15 to 10-25 01:45"}));
}

TEST(Calendar, AllDayHasTwentyFiveHoursInAutumn) {
  EXPECT_EQ(stretches({.days = kSunday}, "Europe/Berlin", at(2026, 10, 24), at(2026, 10, 27)),
            (Texts{"10-24 22:00 to 10-25 23:00"}));
}

TEST(Calendar, ASpanThatPassesMidnightBelongsToTheDayItBeginsOn) {
  EXPECT_EQ(stretches({.days = kSaturday, .hours = {{1320, 360}}}, "UTC", at(2026, 11, 20), at(2026, 11, 24)),
            (Texts{"11-21 22:00 to 11-22 06:00"}));
}

TEST(Calendar, ASpanThatBeganTheDayBeforeHoldsFromTheBeginning) {
  EXPECT_EQ(stretches({.hours = {{1320, 360}}}, "UTC", at(2026, 11, 20), at(2026, 11, 20, 23)),
            (Texts{"11-20 00:00 to 11-20 06:00", "11-20 22:00 to 11-20 23:00"}));
}

TEST(Calendar, AHolidayTakesWhatBeginsOnIt) {
  const std::chrono::local_days day{std::chrono::year{2026} / 11 / 21};
  EXPECT_EQ(stretches({.hours = {{1320, 360}}}, "UTC", at(2026, 11, 20, 12), at(2026, 11, 23), {{day, day}}),
            (Texts{"11-20 22:00 to 11-21 06:00", "11-22 22:00 to 11-23 00:00"}));
}

TEST(Calendar, HolidaysAreThoseOfTheZone) {
  const std::chrono::local_days day{std::chrono::year{2026} / 10 / 1};
  EXPECT_EQ(stretches({}, "Asia/Shanghai", at(2026, 9, 30), at(2026, 10, 2), {{day, day}}),
            (Texts{"09-30 00:00 to 09-30 16:00", "10-01 16:00 to 10-02 00:00"}));
}

TEST(Calendar, SpansThatMeetAreOne) {
  EXPECT_EQ(
      stretches({.hours = {{0, 720}, {600, 780}, {780, 1440}}}, "UTC", at(2026, 11, 20), at(2026, 11, 23)),
      (Texts{"11-20 00:00 to 11-23 00:00"}));
}

TEST(TimeZone, ALocalTimeThatIsSkippedIsTheMomentOfTheChange) {
  const auto zone = TimeZone::find("Europe/Berlin");
  const std::chrono::local_days day{std::chrono::year{2026} / 3 / 29};
  EXPECT_EQ(zone->to_utc(day + 2h + 30min), at(2026, 3, 29, 1));
  EXPECT_EQ(zone->to_utc(day + 24h), at(2026, 3, 29, 22));
}

TEST(TimeZone, ALocalTimeThatComesTwiceIsTheFirst) {
  const auto zone = TimeZone::find("Europe/Berlin");
  const std::chrono::local_days day{std::chrono::year{2026} / 10 / 25};
  EXPECT_EQ(zone->to_utc(day + 2h + 30min), at(2026, 10, 25, 0, 30));
}

TEST(TimeZone, KnowsTheClocksOfYearsToCome) {
  const auto zone = TimeZone::find("Europe/Berlin");
  EXPECT_EQ(zone->around(at(2036, 7, 1)).offset, 2h);
  EXPECT_EQ(zone->around(at(2036, 12, 1)).offset, 1h);
}

TEST(TimeZone, FindsNoFiles) {
  for (const char* name :
       {"", ".", "..", "/etc/passwd", "../zoneinfo/UTC", "posix/Europe/Berlin", "zone.tab"})
    EXPECT_FALSE(TimeZone::find(name)) << name;
}

}  // namespace
}  // namespace sluice::control
