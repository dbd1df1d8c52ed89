// control/evidence: a segment's lines with pseudonyms in place of people, and the headers that count them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include "control/base/unique_fd.h"
#include "control/pseudonyms/pseudonyms.h"

namespace sluice::control {

/// What a segment becomes. Both are files without a name, at their beginning.
struct PseudonymisedSegment {
  UniqueFd lines;    ///< packed by zstd: one line for each of the segment's, in their order
  UniqueFd headers;  ///< the bytes that each frame's hash is of, a line each; then the signed line
  uint64_t lines_bytes = 0, headers_bytes = 0;
  uint64_t withheld = 0;  ///< lines that could not be read; `{"sluice":{"withheld":true}}` stands for each
  uint64_t damaged = 0;   ///< frames that cannot be read, and are left out
};

/// Told how far it is in the segment's file; false stops.
using SegmentProgress = std::function<bool(uint64_t offset)>;

/// near: a directory on whose disk there is room. Returns an empty string, or why it cannot be.
[[nodiscard]] std::string pseudonymise(const std::filesystem::path& segment, const Pseudonyms& pseudonyms,
                                       const std::filesystem::path& near, const SegmentProgress& progress,
                                       PseudonymisedSegment& out);

}  // namespace sluice::control
