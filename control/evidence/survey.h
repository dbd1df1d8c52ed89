// control/evidence: what an access log has of a period.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "control/policy/time_zone.h"

namespace sluice::control {

/// A segment that heads.jsonl speaks of, and that has records of the period or could have.
struct SegmentOfPeriod {
  uint64_t number = 0;
  std::filesystem::path path;  ///< empty: it is not there
  std::string file;            ///< its name
  int64_t first_ns = 0, last_ns = 0;
  uint64_t records = 0, frames = 0;
  bool closed = false;   ///< it has a signed end; else it was left for damage
  bool deleted = false;  ///< after its term, as a signed line says
};

/// Records that are missing, as a line of the log says.
struct GapOfPeriod {
  std::string from, until, why;  ///< times as in `@timestamp`
  uint64_t lost = 0;             ///< 0: how many is not known
  int64_t from_ns = 0, until_ns = 0;
};

struct LineDay {
  uint64_t accesses = 0, blocked = 0, bytes_up = 0, bytes_down = 0;
};

struct LogSurvey {
  static constexpr size_t kMaxGaps = 1000, kMaxRows = 100'000;  ///< further ones are counted
  std::vector<SegmentOfPeriod> segments;                        ///< by number
  int64_t begins_ns = INT64_MAX,
          ends_ns = INT64_MIN;  ///< of all signed segments that are there; the log's span
  std::map<std::pair<std::string, std::string>, LineDay> use;  ///< by day and line
  std::vector<GapOfPeriod> gaps;
  uint64_t gap_count = 0, lost = 0, rows_left_out = 0;
  uint64_t records = 0;     ///< lines of the period
  uint64_t unreadable = 0;  ///< frames that cannot be read
};

/// What heads.jsonl says, line by line; then what lies beside it.
class HeadsOfPeriod {
 public:
  HeadsOfPeriod(int64_t since_ns, int64_t until_ns) : since_ns_(since_ns), until_ns_(until_ns) {}
  void take(std::string_view line);
  /// Puts the segments into out. Returns an empty string, or why the log's directory cannot be read.
  [[nodiscard]] std::string finish(const std::filesystem::path& log, LogSurvey& out);

 private:
  const int64_t since_ns_, until_ns_;
  std::map<uint64_t, SegmentOfPeriod> segments_;
  std::set<uint64_t> deleted_;
};

/// Told how far it is; false stops.
using SurveyProgress = std::function<bool(uint64_t done, uint64_t all)>;

/// Reads the segments' lines of the period, on every core: adds up what passed on each line on each day of
/// zone, and finds the gaps. Returns an empty string, or that it was stopped.
[[nodiscard]] std::string survey_log(int64_t since_ns, int64_t until_ns, const TimeZone& zone,
                                     const SurveyProgress& progress, LogSurvey& out);

/// A day of the period: whether the log has all of it.
struct DayOfPeriod {
  std::string day;  ///< 2026-11-23
  bool complete = false;
  std::string zh, en;  ///< why it is not
};
/// The days of zone that the period touches, at most kMaxDays; of the last and the first only what is in it.
inline constexpr size_t kMaxDays = 40'000;
[[nodiscard]] std::vector<DayOfPeriod> days_of(const LogSurvey& survey, int64_t since_ns, int64_t until_ns,
                                               const TimeZone& zone);

/// The day of zone, as 2026-11-23.
[[nodiscard]] std::string day_at(int64_t utc_ns, const TimeZone& zone);

}  // namespace sluice::control
