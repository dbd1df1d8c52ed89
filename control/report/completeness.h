// control/report: whether a month's log is whole.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "control/review/month.h"
#include "control/segment/check.h"

namespace sluice::control {

/// What can be said of a day of the log.
enum class DayState : uint8_t {
  Complete,  ///< no line says that something is missing
  Gap,       ///< one does
  Before,    ///< the log begins later: it was not kept yet, or is kept no more
  ToCome     ///< not over
};

struct LogCompleteness {
  LogFindings check;      ///< of the segments with records of the month
  std::string error;      ///< why it could not be checked; empty: it was
  int64_t oldest_ns = 0;  ///< of the log; 0: it has no record
  std::vector<DayState>
      days;  ///< of the month; where more gaps came than are told, days may be wrongly Complete
  [[nodiscard]] size_t count(DayState state) const;
};

/// now_ns: UTC since 1970. progress: as check_log's.
void check_month(const std::filesystem::path& log, Month month, const TimeZone& zone, int64_t now_ns,
                 const LogProgress& progress, LogCompleteness& out);

}  // namespace sluice::control
