// control/search: what of a segment has to be read.
#include "control/search/stretches.h"

#include <utility>

#include "control/search/index.h"

namespace sluice::control {
namespace {

using Step = SegmentReader::Step;
/// Neighbours are read in one go as far as this: some 16 MiB of lines, far more than what starting costs.
constexpr uint64_t kStretchBytes = uint64_t{3} << 19;

void want(std::vector<LogStretch>& wanted, LogStretch next) {
  if (!wanted.empty() && wanted.back().end == next.offset &&
      next.end - wanted.back().offset <= kStretchBytes) {
    wanted.back().end = next.end;
  } else {
    wanted.push_back(std::move(next));
  }
}

/// By the index beside the segment, where it is the segment's own.
bool by_index(const SegmentFile& file, const Query& query, std::vector<LogStretch>& wanted, uint64_t& offset,
              SearchFindings& out) {
  const auto index = read_index(file.path, query.keys(), out.bytes_read);
  if (!index) {
    return false;
  }
  std::string error;
  const auto reader = SegmentReader::open(file.path, error);
  if (!reader) {
    return false;
  }
  // The frame that the index saw last must be there, and the end must follow it.
  reader->seek(index->last_offset);
  if (reader->next_header() != Step::Frame || reader->header_sha256() != index->header_sha256 ||
      reader->next_header() != Step::End) {
    return false;
  }
  for (const IndexGroup& group : index->groups) {
    if (may_have(group.filter, query.keys()) && query.overlaps(group.first_ns, group.last_ns)) {
      want(wanted, {file.path, group.offset, group.end});
    }
  }
  offset = reader->offset();
  return true;
}

/// By the times in its headers alone.
void by_headers(const SegmentFile& file, const Query& query, std::vector<LogStretch>& wanted,
                uint64_t& offset, SearchFindings& out) {
  std::string error;
  const auto reader = SegmentReader::open(file.path, error);
  if (!reader) {
    return out.problem(error);
  }
  reader->seek(offset);
  Step step = reader->next_header();
  for (; step == Step::Frame || step == Step::Damaged; step = reader->next_header()) {
    if (step == Step::Damaged) {
      out.problem(file.path.filename().string() + ", byte " + std::to_string(reader->offset()) + ": " +
                  reader->why());
      continue;
    }
    if (query.overlaps(reader->header().first_ns, reader->header().last_ns)) {
      want(wanted, {file.path, reader->offset(), reader->next_offset()});
    }
  }
  out.unindexed += step == Step::End;
  offset = reader->offset();
}

}  // namespace

std::vector<LogStretch> stretches_of(const SegmentFile& file, const Query& query, uint64_t& offset,
                                     SearchFindings& findings) {
  std::vector<LogStretch> out;
  if (offset != 0 || !by_index(file, query, out, offset, findings)) {
    by_headers(file, query, out, offset, findings);
  }
  return out;
}

}  // namespace sluice::control
