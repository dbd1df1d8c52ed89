// control/segment: says whether an access log is as it was written.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "control/sealed/signing_key.h"

namespace sluice::control {

/// What is checked.
struct LogCheckOptions {
  std::string since, until;  ///< the period: texts as in `@timestamp`; an empty one is no bound
  std::filesystem::path
      witness;  ///< what a witness was given: lines of heads.jsonl; empty: nothing is compared
};

/// A line of the log that tells of missing records.
struct LogGap {
  std::string from, until;  ///< times of the records around them, as in `@timestamp`
  uint64_t lost = 0;        ///< 0: not known
  std::string reason;       ///< as the line says
};

/// What checking an access log has found.
struct LogFindings {
  static constexpr size_t kMaxTold = 100;  ///< of problems and of gaps; further ones are counted

  uint64_t segments = 0;             ///< whose files were read
  uint64_t closed = 0;               ///< those with a signed end
  uint64_t deleted = 0;              ///< those whose term was over, as signed lines say
  uint64_t disclosures = 0;          ///< of lines of it, as signed lines say
  uint64_t frames = 0, records = 0;  ///< lines
  uint64_t folded = 0;               ///< repeats that the lines stand for besides
  uint64_t file_bytes = 0, text_bytes = 0;
  uint64_t heads = 0;                 ///< lines of heads.jsonl
  uint64_t compared = 0;              ///< of them with what the witness was given
  uint64_t acknowledged = 0;          ///< the last line that the witness took; 0: none
  std::string unwitnessed_since;      ///< time of the first line that it did not take; empty: it took all
  std::vector<std::string> problems;  ///< each with its place
  uint64_t problem_count = 0;
  std::vector<std::string> gaps;  ///< the lines of the log that tell of missing records
  std::vector<LogGap> gap_list;   ///< the same, at most kMaxTold too
  uint64_t gap_count = 0;
  uint64_t lost = 0;        ///< records that those name
  uint64_t unfinished = 0;  ///< bytes of a frame that is being written, or that a crash cut
  bool stopped = false;     ///< by progress
};

/// Called a few times a second; false stops the check.
using LogProgress = std::function<bool(uint64_t done_bytes, uint64_t all_bytes)>;

/// Reads every segment of a log's directory that has records of the period, on every core: headers, lines,
/// Merkle roots, chain, ends, what heads.jsonl says, and that no worker's number is missing without a line
/// that says so. Returns an empty string, or why the log cannot be read.
[[nodiscard]] std::string check_log(const std::filesystem::path& directory, const SigningKey& key,
                                    const LogCheckOptions& options, const LogProgress& progress,
                                    LogFindings& findings);

}  // namespace sluice::control
