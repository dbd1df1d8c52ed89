// control/disclosure: takes lines out of the log so that they prove themselves.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "control/sealed/signing_key.h"
#include "control/search/search.h"
#include "control/segment/check.h"

namespace sluice::control {

struct DisclosureFindings {
  uint64_t lines = 0, frames = 0, segments = 0;  ///< that are disclosed; frames: with a line among them
  std::string first, last;                       ///< least and greatest `@timestamp` of the lines
  uint64_t unsigned_lines = 0;  ///< that fit, and are left out: no signed line speaks of their segment
  uint64_t damaged_lines = 0;   ///< that fit, and are left out: nothing leads from them to the signed line
  SearchFindings search;        ///< its problems: what could not be read, and why lines are left out
};

/// Takes entries, each with its line feed. False: they cannot be written, and nothing more is wanted.
using TakeEntry = std::function<bool(std::string_view entry)>;

/// Writes, of every line of the log that fits, what proves it by itself; the entries of segments, frames and
/// lines, see form.h. Of other lines nothing comes out but hashes that are salted. key: the log's.
/// progress: false stops it. Returns an empty string; or why it ended early.
[[nodiscard]] std::string disclose_log(const std::filesystem::path& log, const Query& query,
                                       const SigningKey& key, const LogProgress& progress,
                                       const TakeEntry& take, DisclosureFindings& findings);

}  // namespace sluice::control
