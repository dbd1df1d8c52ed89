// control/segment: what somebody outside this machine has acknowledged of heads.jsonl.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace sluice::control {

/// The last line that was acknowledged, as `witness.json` of the log's directory keeps it.
struct Acknowledged {
  uint64_t line = 0;   ///< of heads.jsonl; 0: nothing yet
  std::string sha256;  ///< of that line
  std::string time;    ///< when, UTC
};

/// Nothing acknowledged where there is no such file, or none that can be read.
[[nodiscard]] Acknowledged read_acknowledged(const std::filesystem::path& log);
/// Returns an empty string, or why it cannot be written.
[[nodiscard]] std::string write_acknowledged(const std::filesystem::path& log, const Acknowledged& what);

}  // namespace sluice::control
