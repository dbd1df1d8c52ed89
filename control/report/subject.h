// control/report: all that is held on one person.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "control/keep/holds.h"
#include "control/page/language.h"
#include "control/policy/read_source.h"
#include "control/report/figures.h"
#include "control/review/reviews.h"

namespace sluice::control {

struct SubjectScope {
  std::filesystem::path log, policy;  ///< policy: a directory
  std::string who;                    ///< a user, or an address
  std::string since, until;           ///< as in `@timestamp`; an empty one is no bound
  std::function<void(uint64_t done, uint64_t all)> progress;
};

/// A signed line of heads.jsonl that says that lines were disclosed.
struct DisclosureLine {
  std::string name, time, user, first, last;  ///< name: of the case
  uint64_t lines = 0;
};
/// A signed line of readings.jsonl that says who read the log.
struct ReadingLine {
  std::string time, user, what, from;  ///< from: whose accesses were asked for; empty: everybody's
};
struct HeldLine {
  std::string name;
  HeldPeriod period;
};

struct SubjectFound {
  static constexpr size_t kMaxNames = 1000, kMaxTold = 10'000;  ///< beyond, they are counted

  ReadSource policy;
  std::string who, since, until;    ///< as they were asked for
  std::set<std::string> addresses;  ///< by the policy theirs alone
  UsageCount all;
  FigureRows names;
  std::map<std::chrono::local_days, Figures::Count> days;
  std::vector<Incident> incidents;
  Reviews reviews;  ///< words on incidents, of those that the log has no more too
  std::vector<HeldLine> holds;
  std::vector<DisclosureLine> disclosures;
  std::vector<ReadingLine> readings;
  uint64_t general_readings = 0;     ///< that asked for nobody in particular
  uint64_t told_out = 0;             ///< beyond kMaxTold
  std::vector<std::string> unknown;  ///< what could not be read, and why
  SearchFindings findings;
};

/// Finds it. take: every line, as it stands in the log; may be empty. Returns an empty string, or why it
/// cannot be.
[[nodiscard]] std::string find_subject(const SubjectScope& scope,
                                       const std::function<void(std::string_view line)>& take,
                                       SubjectFound& out);

/// The readings of people's accesses, as readings.jsonl of a log's directory has them; none where there is no
/// such file. Returns an empty string, or why it cannot be read.
[[nodiscard]] std::string read_readings(const std::filesystem::path& log,
                                        const std::function<void(const ReadingLine&)>& take);

[[nodiscard]] std::string subject_page(const SubjectFound& found, Language language, int64_t made_ns);
/// All but the lines.
[[nodiscard]] nlohmann::json subject_json(const SubjectFound& found);

}  // namespace sluice::control
