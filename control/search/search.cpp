// control/search: finds lines in the access log.
#include "control/search/search.h"

#include <algorithm>
#include <deque>
#include <future>
#include <thread>

#include "control/search/index.h"
#include "control/segment/reader.h"

namespace sluice::control {
namespace {

using Step = SegmentReader::Step;

/// A stretch of one segment that is read in one go.
struct Stretch {
  std::filesystem::path path;
  uint64_t offset = 0, end = 0;
};

struct Found {
  std::string lines, problem;
  uint64_t count = 0, records = 0, bytes = 0;
};

void take_lines(const Query& query, std::string_view rest, Found& out) {
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n') + 1);
    rest.remove_prefix(line.size());
    uint64_t records = 0;
    if (query.matches(line.substr(0, line.size() - 1), records)) {
      out.lines += line;
      ++out.count;
      out.records += records;
    }
  }
}

Found read_stretch(const Query& query, const Stretch& stretch) {
  Found out;
  const auto reader = SegmentReader::open(stretch.path, out.problem);
  if (!reader) {
    return out;
  }
  reader->seek(stretch.offset);
  while (reader->next_offset() < stretch.end) {
    const Step step = reader->next();
    if (step == Step::Damaged) {
      out.problem = stretch.path.filename().string() + ", byte " + std::to_string(reader->offset()) + ": " +
                    reader->why();
    } else if (step != Step::Frame) {
      break;
    } else if (query.overlaps(reader->header().first_ns, reader->header().last_ns)) {
      take_lines(query, reader->lines(), out);
    }
    out.bytes += reader->next_offset() - reader->offset();
  }
  return out;
}

class Search {
 public:
  Search(const Query& query, const TakeFound& take, SearchFindings& findings)
      : query_(query), take_(take), out_(findings) {}

  /// Returns false where nothing more is wanted. offset: as LogPosition's.
  bool segment(const SegmentFile& file, uint64_t& offset) {
    std::error_code ignored;
    ++out_.segments;
    out_.bytes += std::filesystem::file_size(file.path, ignored);
    const uint64_t before = out_.bytes_read;
    std::vector<Stretch> wanted;
    if (offset != 0 || !by_index(file, wanted, offset)) {
      by_headers(file, wanted, offset);
    }
    for (Stretch& each : wanted) {
      if (waiting_.size() >= most_waiting_ && !take_one()) {
        return false;
      }
      waiting_.push_back(std::async(
          std::launch::async, [this, stretch = std::move(each)] { return read_stretch(query_, stretch); }));
    }
    out_.segments_read += !wanted.empty() || out_.bytes_read != before;
    return true;
  }

  void finish() {
    while (!waiting_.empty() && take_one()) {
    }
  }

 private:
  /// By the index beside the segment, where it is the segment's own.
  bool by_index(const SegmentFile& file, std::vector<Stretch>& wanted, uint64_t& offset) {
    const auto index = read_index(file.path, query_.keys(), out_.bytes_read);
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
      if (may_have(group.filter, query_.keys()) && query_.overlaps(group.first_ns, group.last_ns)) {
        wanted.push_back({file.path, group.offset, group.end});
      }
    }
    offset = reader->offset();
    return true;
  }

  /// By the times in its headers alone.
  void by_headers(const SegmentFile& file, std::vector<Stretch>& wanted, uint64_t& offset) {
    std::string error;
    const auto reader = SegmentReader::open(file.path, error);
    if (!reader) {
      return problem(error);
    }
    reader->seek(offset);
    uint64_t text = 0;
    Step step = reader->next_header();
    for (; step == Step::Frame || step == Step::Damaged; step = reader->next_header()) {
      if (step == Step::Damaged) {
        problem(file.path.filename().string() + ", byte " + std::to_string(reader->offset()) + ": " +
                reader->why());
        continue;
      }
      const FrameHeader& header = reader->header();
      if (!query_.overlaps(header.first_ns, header.last_ns)) {
        continue;
      }
      const bool joined =
          !wanted.empty() && wanted.back().end == reader->offset() && text + header.text_bytes <= kGroupText;
      if (joined) {
        wanted.back().end = reader->next_offset();
        text += header.text_bytes;
      } else {
        wanted.push_back({file.path, reader->offset(), reader->next_offset()});
        text = header.text_bytes;
      }
    }
    out_.unindexed += step == Step::End;
    offset = reader->offset();
  }

  bool take_one() {
    const Found found = waiting_.front().get();
    waiting_.pop_front();
    out_.bytes_read += found.bytes;
    out_.lines += found.count;
    out_.records += found.records;
    if (!found.problem.empty()) {
      problem(found.problem);
    }
    return found.lines.empty() || take_(found.lines);
  }

  void problem(const std::string& what) {
    ++out_.problem_count;
    if (out_.problems.size() < SearchFindings::kMaxTold) {
      out_.problems.push_back(what);
    }
  }

  const Query& query_;
  const TakeFound& take_;
  SearchFindings& out_;
  /// So many stretches are read before the first of them is shown: it bounds what waits in memory.
  const size_t most_waiting_ = 2 * std::max(1U, std::thread::hardware_concurrency());
  std::deque<std::future<Found>> waiting_;
};

}  // namespace

std::string search_log(const std::filesystem::path& log, const Query& query, LogPosition& position,
                       const TakeFound& take, SearchFindings& findings) {
  std::string error;
  const std::vector<SegmentFile> files = list_segments(log, error);
  Search search(query, take, findings);
  for (const SegmentFile& file : files) {
    if (file.number < position.segment) {
      continue;
    }
    uint64_t offset = file.number == position.segment ? position.offset : 0;
    const bool more = search.segment(file, offset);
    position = {file.number, offset};
    if (!more) {
      return error;
    }
  }
  search.finish();
  return error;
}

}  // namespace sluice::control
