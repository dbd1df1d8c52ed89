// control/keep: what heads.jsonl says, read on while the log's thread writes it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "control/keep/holds.h"
#include "control/sealed/signing_key.h"
#include "control/segment/reader.h"

namespace sluice::control {

/// A segment that is written no more: closed, or left for damage.
struct EndedSegment {
  std::string file;              ///< its name
  std::string header;            ///< SHA-256 of its last header; empty where that is not known
  int64_t first_ns = INT64_MIN;  ///< INT64_MIN: not known
  int64_t last_ns = INT64_MIN;   ///< of its last record; of one that was left, when it was left
  int64_t ended_ns = INT64_MIN;  ///< when the line was written
  uint64_t bytes = 0;            ///< 0: not known
  bool deleted = false;          ///< a signed line says so; its file may still be there
};

/// The lines are data of a file that anybody with its rights may have changed: what would end the keeping of
/// something, a deletion or a release, counts only with a good signature and behind what stands before it; a
/// hold counts in any case.
class HeadsView {
 public:
  HeadsView(std::filesystem::path lines, std::unique_ptr<const SigningKey> key);

  /// Reads what was added. Returns an empty string, or why it cannot be read.
  [[nodiscard]] std::string refresh();
  /// Forgets the segments that are not among files: those that are gone.
  void keep_only(const std::vector<SegmentFile>& files);
  /// A line `deletion` was written.
  void note_deleted(uint64_t number);

  const std::map<uint64_t, EndedSegment>& ended() const { return ended_; }
  const Holds& holds() const { return holds_; }
  /// The last record of the newest segment that was closed; INT64_MIN: there is none.
  int64_t newest_record_ns() const { return newest_record_ns_; }
  /// When that segment was closed.
  int64_t newest_closed_ns() const { return newest_closed_ns_; }

 private:
  void take(std::string_view line);
  void take_ended(const nlohmann::json& line, bool closed);
  void take_deletion(std::string_view text, const nlohmann::json& line);
  [[nodiscard]] bool is_good(std::string_view text, const nlohmann::json& line);

  const std::filesystem::path lines_;
  const std::unique_ptr<const SigningKey> key_;
  uint64_t offset_ = 0;          ///< of what was not read
  uint64_t last_good_line_ = 0;  ///< number of the last line whose signature was found good
  uint64_t newest_closed_ = 0;   ///< its segment
  int64_t newest_record_ns_ = INT64_MIN, newest_closed_ns_ = INT64_MIN;
  std::map<uint64_t, EndedSegment> ended_;
  Holds holds_;
};

}  // namespace sluice::control
