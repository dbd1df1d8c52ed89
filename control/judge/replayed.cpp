// control/judge: the accesses of the log, as questions.
#include "control/judge/replayed.h"

#include <optional>

#include "control/base/utc.h"

namespace sluice::control {
namespace {

constexpr int64_t kNsPerSecond = 1'000'000'000;

/// Makes a question of each line.
class Replay {
 public:
  Replay(const TakeRecorded& take, ReplayFindings& findings) : take_(take), out_(findings) {}

  bool lines(std::string_view rest) {
    while (!rest.empty()) {
      const std::string_view line = rest.substr(0, rest.find('\n') + 1);
      rest.remove_prefix(line.size());
      if (!one(line)) return false;
    }
    return true;
  }

 private:
  bool one(std::string_view text) {
    RecordedLine line;
    line.text = text;
    const bool readable = read_access(text, line.fields);
    line.why_not = readable ? question_of(line.fields, question_) : "it cannot be read";
    line.count = line.fields.count;
    const auto first = parse_utc(line.fields.time);
    line.first_s = first ? *first / kNsPerSecond : 0;
    const auto last = line.count > 1 ? parse_utc(line.fields.end) : first;
    line.last_s = last ? *last / kNsPerSecond : line.first_s;
    if (line.why_not.empty()) {
      line.question = &question_;
      ++out_.questions;
      out_.accesses += line.count;
      if (out_.first_time.empty()) out_.first_time.assign(line.fields.time);
      out_.last_time.assign(line.fields.time);
    } else {
      ++unasked(line.why_not);
    }
    return take_(line);
  }

  /// A line for each access and one for each end is the rule: no text is made for each.
  uint64_t& unasked(std::string_view why) {
    if (counter_ == nullptr || why != counted_) {
      counter_ = &out_.unasked[std::string(why)];
      counted_ = why;
    }
    return *counter_;
  }

  const TakeRecorded& take_;
  ReplayFindings& out_;
  Question question_;
  std::string_view counted_;
  uint64_t* counter_ = nullptr;
};

}  // namespace

std::string replay_log(const std::filesystem::path& log, const QueryOptions& query, const TakeRecorded& take,
                       ReplayFindings& findings) {
  std::string error;
  const std::optional<Query> wanted = Query::parse(query, error);
  if (!wanted) return error;
  Replay replay(take, findings);
  LogPosition position;
  return search_log(
      log, *wanted, position, [&](std::string_view lines) { return replay.lines(lines); }, findings.search);
}

}  // namespace sluice::control
