// control/review: what people have found of violations and of months, as reviews.jsonl of the log has it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "control/review/month.h"
#include "control/sealed/sealed_file.h"

namespace sluice::control {

/// The last day of the next month by which somebody has to have reviewed a month's log.
inline constexpr unsigned kReviewDueDay = 10;
/// Months that are looked back on: a little more than a log may be kept.
inline constexpr int kMaxReviewMonths = 122;
inline constexpr size_t kMaxReviewName = 100;      ///< bytes of who reviews or decides
inline constexpr size_t kMaxReviewFinding = 1000;  ///< bytes of what they found
/// Lines of reviews.jsonl: no more are written, and of more none are read.
inline constexpr size_t kMaxReviewLines = 50'000;
inline constexpr size_t kMaxReviewLine = size_t{16} << 10;  ///< bytes; a longer one is none of ours

/// What somebody said of an incident.
struct IncidentWord {
  bool confirmed = false;  ///< else dismissed
  std::string by, finding, time;
  std::string who, rule, start;  ///< whom it is about, which rule, when it began; as in `@timestamp`
  std::string user;              ///< who ran the command, as the kernel says
};
/// What somebody said of a month.
struct MonthReview {
  std::string by, finding, time;
  std::string figures;     ///< SHA-256 of the report's figures then
  uint64_t head_line = 0;  ///< of heads.jsonl then; 0: none was there
  std::string head_sha256;
  std::string user;
};

/// All words, the oldest first: the last one counts, the others stay.
struct Reviews {
  std::map<std::string, std::vector<IncidentWord>, std::less<>> incidents;  ///< by their ids
  std::map<std::string, std::vector<MonthReview>, std::less<>> months;      ///< by `2026-11`
  uint64_t lines = 0, left_out = 0;  ///< left_out: beyond the two bounds

  /// Takes a line of the file; what is none of ours is passed over.
  void take(std::string_view line);
  /// What was said last of an incident; nullptr: nothing, it is open.
  [[nodiscard]] const IncidentWord* word_on(std::string_view id) const;
};

/// `20261123T040506Z-` and ten hexadecimal digits: the same for the same person, rule and beginning, and told
/// by nothing else. start_ns: to the microsecond.
[[nodiscard]] std::string incident_id(std::string_view who, std::string_view rule, int64_t start_ns);
/// The second that an id names, UTC since 1970; nothing where text is no id.
[[nodiscard]] std::optional<int64_t> incident_second_ns(std::string_view id);

/// `reviews.jsonl` and `reviews.head` of a log's directory, signed by the log's key.
[[nodiscard]] SealedPaths reviews_paths(const std::filesystem::path& log, const std::filesystem::path& state);

/// Reads what is there; nothing is where no review was written yet. found: what was altered. Returns an empty
/// string, or why it cannot be read.
[[nodiscard]] std::string read_reviews(const std::filesystem::path& log, Reviews& out, SealedFindings& found);

/// The months that are not reviewed in time: those from the oldest record on that are over, and whose due day
/// is too. oldest_ns: 0: there is no record. Both times UTC since 1970.
[[nodiscard]] std::vector<Month> overdue_months(const Reviews& reviews, int64_t oldest_ns, int64_t now_ns,
                                                const TimeZone& zone);

/// The time of the oldest record of a log, UTC since 1970; 0 where there is none that can be read.
[[nodiscard]] int64_t oldest_record_ns(const std::filesystem::path& log);

}  // namespace sluice::control
