// control/policy: what a directory's YAML says, without its lists.
#pragma once

#include <filesystem>
#include <string>

#include "control/policy/diagnostics.h"
#include "control/policy/policy_source.h"
#include "control/policy/time_zone.h"

namespace sluice::control {

struct ReadSource {
  PolicySource source;
  TimeZone zone;       ///< the site's
  std::string digest;  ///< SHA-256 of the YAML files' names and bytes, as hexadecimal digits
  Report report;       ///< knows where something stands, and what is wrong
};

/// Reads every *.yaml of a directory, so it is quick also where the lists are long. Returns false where a
/// file cannot be read or says what it may not; report has why.
[[nodiscard]] bool read_source(const std::filesystem::path& directory, ReadSource& out);

}  // namespace sluice::control
