// control/judge: the accesses of the log, as questions.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "control/judge/question.h"
#include "control/search/search.h"

namespace sluice::control {

/// One line of the log. Nothing here outlives the call that hands it out.
struct RecordedLine {
  std::string_view text;  ///< with its line feed
  AccessFields fields;
  const Question* question = nullptr;  ///< nullptr where it asks none
  std::string_view why_not;            ///< then: why; as question_of
  int64_t first_s = 0, last_s = 0;     ///< UTC: of its first access, and of the last that it stands for
  uint64_t count = 1;                  ///< accesses, or ends, that it stands for
};
/// False ends the walk.
using TakeRecorded = std::function<bool(const RecordedLine& line)>;

struct ReplayFindings {
  SearchFindings search;                    ///< what was read, and what could not be
  uint64_t questions = 0;                   ///< lines that ask one
  uint64_t accesses = 0;                    ///< that those stand for
  std::map<std::string, uint64_t> unasked;  ///< lines that ask none, by why
  std::string first_time, last_time;        ///< of the lines that ask one, as in `@timestamp`; may be empty
};

/// Hands out every line that fits, in the log's order. A frame that was cut or damaged is left out, and told
/// in findings. Returns an empty text, or why the log cannot be read: a log that is empty can be, and has
/// nothing; found.questions is 0 then.
[[nodiscard]] std::string replay_log(const std::filesystem::path& log, const QueryOptions& query,
                                     const TakeRecorded& take, ReplayFindings& findings);

}  // namespace sluice::control
