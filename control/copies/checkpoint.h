// control/copies: how far a copy of the access log has come, as a file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

namespace sluice::control {

/// A place in the log, between two frames.
struct LogPlace {
  std::string file;      ///< name of the segment; empty: before the first one
  uint64_t offset = 0;   ///< of what follows, in that file
  uint64_t frame = 0;    ///< offset of the last frame before it
  std::string header;    ///< SHA-256 of that frame's header; empty: there is no frame before it in this file
  uint64_t records = 0;  ///< lines before it that were read for this copy, ever
  bool operator==(const LogPlace&) const = default;
};

struct Checkpoint {
  std::string target;                                ///< what the copy is sent to; see target_of
  LogPlace place;                                    ///< what stands before it was taken
  uint64_t missed_segments = 0, missed_records = 0;  ///< deleted before they were copied
  int64_t taken_ns = 0;                              ///< when something was taken last, UTC; 0: never
  bool operator==(const Checkpoint&) const = default;
};

/// A place as members of an object, and the inverse: nothing where they are not what place_json writes.
[[nodiscard]] nlohmann::json place_json(const LogPlace& place);
[[nodiscard]] std::optional<LogPlace> place_of(const nlohmann::json& said);

/// Reads a checkpoint. error: empty, also where there is no such file; else why what is there cannot be one.
[[nodiscard]] Checkpoint read_checkpoint(const std::filesystem::path& file, std::string& error);
/// Whole and synced. Returns an empty string, or why it cannot be written.
[[nodiscard]] std::string write_checkpoint(const std::filesystem::path& file, const Checkpoint& what);

}  // namespace sluice::control
