// control/search: what of a segment has to be read.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "control/search/query.h"
#include "control/search/search.h"
#include "control/segment/reader.h"

namespace sluice::control {

/// Frames of one segment that are read in one go.
struct LogStretch {
  std::filesystem::path path;
  uint64_t offset = 0, end = 0;
};

/// What may hold lines that fit: by the index beside the segment, or by the times in its headers. offset:
/// from there on; it is moved behind the last whole frame. What is found out is added to findings.
[[nodiscard]] std::vector<LogStretch> stretches_of(const SegmentFile& file, const Query& query,
                                                   uint64_t& offset, SearchFindings& findings);

}  // namespace sluice::control
