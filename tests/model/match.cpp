// tests: model: whether a name, a pattern, a prefix or a schedule covers something: by the plain words, one
// at a time.
#include "tests/model/match.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <map>

namespace sluice::model {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return out;
}

constexpr size_t kMostKnown = 100'000;

struct Bits {
  std::array<uint8_t, 16> bytes{};
  int count = 0;  ///< 32 or 128; 0: no address
  bool at(int index) const { return bytes[static_cast<size_t>(index / 8)] >> (7 - index % 8) & 1; }
};

Bits bits_of(const std::string& address) {
  Bits out;
  if (inet_pton(AF_INET, address.c_str(), out.bytes.data()) == 1) {
    out.count = 32;
  } else if (inet_pton(AF_INET6, address.c_str(), out.bytes.data()) == 1) {
    out.count = 128;
  }
  return out;
}

/// The rest of a pattern's atoms from `at` on, against the name from `from` on.
bool rest_found(const Pattern& pattern, size_t at, std::string_view name, size_t from) {
  if (at == pattern.atoms.size()) return !pattern.ends_name || from == name.size();
  const Atom& atom = pattern.atoms[at];
  size_t end = from;
  for (int count = 0;; ++count) {
    if (count >= atom.least && rest_found(pattern, at + 1, name, end)) return true;
    if (count == atom.most) return false;
    if (atom.is_class) {
      if (end == name.size() || (atom.members.find(name[end]) != std::string::npos) == atom.others)
        return false;
      ++end;
    } else {
      if (name.substr(end, atom.members.size()) != atom.members) return false;
      end += atom.members.size();
    }
  }
}

/// What a clock on the wall of that time zone shows.
std::tm wall_clock(const std::string& timezone, int64_t at) {
  static std::map<std::pair<std::string, int64_t>, std::tm> known;  // changing the zone is slow
  if (known.size() > kMostKnown) known.clear();
  const auto [found, fresh] = known.try_emplace({timezone, at});
  if (fresh) {
    setenv("TZ", timezone.c_str(), 1);
    tzset();
    const std::time_t seconds = at;
    localtime_r(&seconds, &found->second);
  }
  return found->second;
}

Day day_of(const std::tm& clock) {
  char text[16];
  std::strftime(text, sizeof text, "%Y-%m-%d", &clock);
  return text;
}

bool is_holiday(const World& world, const Schedule& schedule, const Day& day) {
  for (const std::string& word : schedule.except)
    for (const Holidays& holidays : world.holidays)
      for (const auto& [first, last] : holidays.spans)
        if (holidays.name == word && first <= day && day <= last) return true;
  return false;
}

bool is_day_of(const World& world, const Schedule& schedule, const std::tm& clock) {
  return schedule.days[static_cast<size_t>((clock.tm_wday + 6) % 7)] &&
         !is_holiday(world, schedule, day_of(clock));
}

}  // namespace

bool name_covered(std::string_view entry, std::string_view name) {
  const bool alone = entry.starts_with("="), below = entry.starts_with("*.");
  std::string text = lower(entry.substr(alone ? 1 : below ? 2 : 0));
  if (text.ends_with(".")) text.pop_back();
  if (name == text) return !below;
  return !alone && name.size() > text.size() + 1 && name.ends_with("." + text);
}

int prefix_bits(const std::string& prefix) {
  const size_t slash = prefix.find('/');
  const Bits bits = bits_of(prefix.substr(0, slash));
  if (bits.count == 0) return -1;
  return slash == std::string::npos ? bits.count : std::atoi(prefix.c_str() + slash + 1);
}

bool address_covered(const std::string& prefix, const std::string& address) {
  const Bits outer = bits_of(prefix.substr(0, prefix.find('/'))), inner = bits_of(address);
  if (outer.count == 0 || outer.count != inner.count) return false;
  for (int i = 0; i < prefix_bits(prefix); ++i)
    if (outer.at(i) != inner.at(i)) return false;
  return true;
}

bool pattern_found(const Pattern& pattern, std::string_view name) {
  for (size_t from = 0; from <= name.size(); ++from) {
    if (pattern.begin == Begin::Name && from > 0) break;
    if (pattern.begin == Begin::Label && from > 0 && name[from - 1] != '.') continue;
    if (rest_found(pattern, 0, name, from)) return true;
  }
  return false;
}

bool schedule_holds(const World& world, const Schedule& schedule, int64_t at) {
  const std::string timezone = !schedule.timezone.empty() ? schedule.timezone
                               : !world.timezone.empty()  ? world.timezone
                                                          : "UTC";
  const std::tm now = wall_clock(timezone, at);
  std::tm before = now;  // the day before, as a date alone
  before.tm_mday -= 1;
  before.tm_hour = 12;
  before.tm_isdst = -1;
  timegm(&before);
  const int minute = now.tm_hour * 60 + now.tm_min;
  const bool today = is_day_of(world, schedule, now), yesterday = is_day_of(world, schedule, before);
  if (schedule.hours.empty()) return today;
  for (const auto& [first, last] : schedule.hours) {
    if (first < last && today && first <= minute && minute < last) return true;
    if (first > last && today && first <= minute) return true;
    if (first > last && yesterday && minute < last) return true;
  }
  return false;
}

int64_t instant_of(const std::string& text, const std::string& timezone) {
  std::tm clock{};
  if (std::sscanf(text.c_str(), "%d-%d-%dT%d:%d", &clock.tm_year, &clock.tm_mon, &clock.tm_mday,
                  &clock.tm_hour, &clock.tm_min) == 3) {
    clock.tm_mday += 1;
  }
  clock.tm_year -= 1900;
  clock.tm_mon -= 1;
  clock.tm_isdst = -1;
  setenv("TZ", timezone.empty() ? "UTC" : timezone.c_str(), 1);
  tzset();
  return std::mktime(&clock);
}

bool is_over(const World& world, const std::string& expires, int64_t at) {
  static std::map<std::pair<std::string, std::string>, int64_t> known;
  const auto [found, fresh] = known.try_emplace({expires, world.timezone});
  if (fresh) found->second = instant_of(expires, world.timezone);
  return at >= found->second;
}

}  // namespace sluice::model
