// control/segment: the check of one segment by itself.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "control/segment/check.h"
#include "control/segment/reader.h"

namespace sluice::control {

/// The numbers of one worker that a segment has, one after the other.
struct NumberRun {
  uint64_t first = 0, next = 0;
};

/// What one segment says by itself; what it must fit is in the others and in heads.jsonl.
struct SegmentFindings {
  std::string previous;  ///< what its first header follows; empty where that cannot be read
  std::string last;      ///< SHA-256 of its last header; empty: not known
  std::string head_line;
  bool closed = false;
  uint64_t frames = 0, records = 0, file_bytes = 0, text_bytes = 0, unfinished = 0;
  uint64_t folded = 0;  ///< repeats that its lines stand for besides
  bool broken = false;  ///< something of it could not be read, so numbers may be missing
  std::map<std::pair<uint64_t, uint32_t>, NumberRun> runs;
  std::vector<std::string> problems, gaps;  ///< at most LogFindings::kMaxTold each
  std::vector<LogGap> gap_list;             ///< as LogFindings'
  uint64_t problem_count = 0, gap_count = 0, lost = 0;
};

/// done: bytes read are added to it. stop: ends early when true.
void check_segment(const SegmentFile& file, SegmentFindings& out, std::atomic<uint64_t>& done,
                   const std::atomic<bool>& stop);

}  // namespace sluice::control
