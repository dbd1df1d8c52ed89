// control/search: finds lines in the access log.
#include "control/search/search.h"

#include <algorithm>
#include <deque>
#include <future>
#include <thread>

#include "control/search/stretches.h"

namespace sluice::control {
namespace {

using Step = SegmentReader::Step;

struct Found {
  std::string lines, problem;
  uint64_t count = 0, records = 0, bytes = 0;
};

void take_lines(const Query& query, std::string_view rest, Found& out) {
  uint64_t count = 0;
  for (std::string_view line; !(line = query.next_match(rest, count)).empty();) {
    out.lines += line;
    ++out.count;
    out.records += count;
  }
}

Found read_stretch(const Query& query, const LogStretch& stretch) {
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
    std::vector<LogStretch> wanted = stretches_of(file, query_, offset, out_);
    for (LogStretch& each : wanted) {
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
  bool take_one() {
    const Found found = waiting_.front().get();
    waiting_.pop_front();
    out_.bytes_read += found.bytes;
    out_.lines += found.count;
    out_.records += found.records;
    if (!found.problem.empty()) {
      out_.problem(found.problem);
    }
    return found.lines.empty() || take_(found.lines);
  }

  const Query& query_;
  const TakeFound& take_;
  SearchFindings& out_;
  /// So many stretches are read before the first of them is shown: it bounds what waits in memory.
  const size_t most_waiting_ = 2 * std::max(1U, std::thread::hardware_concurrency());
  std::deque<std::future<Found>> waiting_;
};

}  // namespace

void SearchFindings::problem(std::string what) {
  ++problem_count;
  if (problems.size() < kMaxTold) {
    problems.push_back(std::move(what));
  }
}

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
