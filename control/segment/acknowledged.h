// control/segment: what somebody outside this machine has acknowledged of heads.jsonl.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
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

/// Lines of heads.jsonl, as a witness has them, by their numbers.
using WitnessedLines = std::map<uint64_t, std::string>;
/// Returns an empty string, or why the file cannot be read.
[[nodiscard]] std::string read_witnessed(const std::filesystem::path& file, WitnessedLines& out);

}  // namespace sluice::control
