// control/readings: says whether the readings are as they were written.
#pragma once

#include <filesystem>
#include <string>

#include "control/sealed/sealed_file.h"

namespace sluice::control {

struct ReadingsFindings {
  SealedFindings file;  ///< with what does not fit heads.jsonl among its problems
  bool none = false;    ///< there is no such file, and heads.jsonl knows of none
  uint64_t told = 0;    ///< the last line that heads.jsonl names; 0: none
};

/// Reads readings.jsonl of a log's directory: its chain, its head, and that each line which heads.jsonl names
/// stands there. take: is called for each whole line; may be empty. Needs no daemon; one may be writing.
/// Returns an empty string, or why it cannot be read.
[[nodiscard]] std::string check_readings(const std::filesystem::path& log, const SigningKey& key,
                                         const TakeLine& take, ReadingsFindings& findings);

}  // namespace sluice::control
