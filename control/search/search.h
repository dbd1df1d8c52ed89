// control/search: finds lines in the access log.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "control/search/query.h"

namespace sluice::control {

/// Where a search goes on: behind what was read already.
struct LogPosition {
  uint64_t segment = 0, offset = 0;  ///< 0: the log's beginning
};

struct SearchFindings {
  static constexpr size_t kMaxTold = 100;  ///< of problems; further ones are counted

  uint64_t segments = 0, segments_read = 0;
  uint64_t bytes = 0, bytes_read = 0;  ///< of segments; of segments and indexes
  uint64_t lines = 0;                  ///< that fit
  uint64_t records = 0;                ///< that those stand for, each repeat of an access counted
  uint64_t unindexed = 0;              ///< closed segments without an index that can be used
  std::vector<std::string> problems;   ///< what could not be read, each with its place
  uint64_t problem_count = 0;

  void problem(std::string what);
};

/// Takes lines that fit, each with its line feed, in the log's order. False ends the search.
using TakeFound = std::function<bool(std::string_view lines)>;

/// Reads what may hold lines that fit, on every core, from position on, and moves it behind what was read.
/// Returns an empty string, or why the log cannot be read.
[[nodiscard]] std::string search_log(const std::filesystem::path& log, const Query& query,
                                     LogPosition& position, const TakeFound& take, SearchFindings& findings);

}  // namespace sluice::control
