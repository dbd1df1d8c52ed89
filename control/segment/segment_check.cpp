// control/segment: the check of one segment by itself.
#include "control/segment/segment_check.h"

#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>
#include <queue>

#include "control/base/hex.h"
#include "control/base/json_fields.h"
#include "control/segment/check.h"
#include "control/segment/merkle.h"

namespace sluice::control {
namespace {

using nlohmann::json;
using Step = SegmentReader::Step;

struct EventId {
  uint64_t boot = 0;
  uint32_t worker = 0;
  uint64_t number = 0;
  std::string_view rest;  ///< of the line, behind the id
};

/// Reads `"event":{…"id":"<boot>-<worker>-<number>"` of a line. The first event of a line is its own: what
/// stands before it holds no text from the wire.
std::optional<EventId> id_of(std::string_view line) {
  constexpr std::string_view kEvent = "\"event\":{", kId = "\"id\":\"";
  const size_t event = line.find(kEvent);
  const size_t id = event == std::string_view::npos ? event : line.find(kId, event);
  if (id == std::string_view::npos) {
    return std::nullopt;
  }
  EventId out;
  const char *at = line.data() + id + kId.size(), *const end = line.data() + line.size();
  const auto boot = std::from_chars(at, end, out.boot, 16);
  if (boot.ptr == end || *boot.ptr != '-') {
    return std::nullopt;
  }
  const auto worker = std::from_chars(boot.ptr + 1, end, out.worker);
  if (worker.ptr == end || *worker.ptr != '-') {
    return std::nullopt;
  }
  const auto number = std::from_chars(worker.ptr + 1, end, out.number);
  if (number.ec != std::errc() || number.ptr == end || *number.ptr != '"') {
    return std::nullopt;
  }
  out.rest = {number.ptr + 1, end};
  return out;
}

/// Reads `,"count":N` at the beginning of rest, and `,"folded":"3,5-9"` where that ends: the numbers of a
/// line that stands for repeats too; none of another line. No text from the wire looks so, as quotes in it
/// are escaped. Returns nothing where they do not ascend from its own number, or are not as many as it says.
std::optional<std::vector<NumberRun>> repeats_of(std::string_view rest, uint64_t own) {
  constexpr std::string_view kCount = ",\"count\":", kFolded = ",\"folded\":\"";
  std::vector<NumberRun> out;
  if (!rest.starts_with(kCount)) {
    return out;
  }
  const char* const end = rest.data() + rest.size();
  uint64_t count = 0, found = 1, last = own;
  const auto counted = std::from_chars(rest.data() + kCount.size(), end, count);
  const size_t folded = rest.find(kFolded);
  if (counted.ec != std::errc() || folded == std::string_view::npos) {
    return std::nullopt;
  }
  for (const char* at = rest.data() + folded + kFolded.size();; ++at) {
    NumberRun run;
    auto read = std::from_chars(at, end, run.first);
    run.next = run.first;
    if (read.ec == std::errc() && read.ptr != end && *read.ptr == '-') {
      read = std::from_chars(read.ptr + 1, end, run.next);
    }
    if (read.ec != std::errc() || read.ptr == end || run.first <= last || run.next < run.first ||
        run.next == UINT64_MAX) {
      return std::nullopt;
    }
    last = run.next++;
    found += run.next - run.first;
    out.push_back(run);
    at = read.ptr;
    if (*at == '"') {
      return found == count ? std::optional(std::move(out)) : std::nullopt;
    }
    if (*at != ',') {
      return std::nullopt;
    }
  }
}

class Checker {
  using Worker = std::pair<uint64_t, uint32_t>;  ///< boot, worker
  /// The least number first.
  using Ahead =
      std::priority_queue<NumberRun, std::vector<NumberRun>,
                          decltype([](const NumberRun& a, const NumberRun& b) { return a.first > b.first; })>;

 public:
  Checker(const SegmentFile& file, SegmentFindings& out) : file_(file), out_(out) {}

  void frame(const SegmentReader& reader) {
    const FrameHeader& header = reader.header();
    if (header.segment != file_.number) {
      problem(reader, "it is of segment " + std::to_string(header.segment));
    }
    if (header.frame != next_) {
      problem(reader, header.frame > next_ ? "frames " + std::to_string(next_) + " to " +
                                                 std::to_string(header.frame - 1) + " are missing before it"
                                           : "it stands here for the second time, or out of its order");
      out_.broken = true;
    } else if (next_ != 0 && !out_.last.empty() && header.previous != out_.last) {
      problem(reader, "it does not follow the frame before it");
    }
    if (header.frame == 0 && out_.frames == 0) {
      out_.previous = header.previous;
    }
    if (hex_text(merkle_root(merkle_leaves(reader.salt(), reader.lines()))) != header.root) {
      problem(reader, "its Merkle root is not that of its lines");
    }
    next_ = header.frame;
    lines(reader);
    ++next_;
    out_.last = reader.header_sha256();
    ++out_.frames;
    out_.records += header.records;
    out_.text_bytes += header.text_bytes;
  }

  void damage(const SegmentReader& reader) {
    problem(reader, reader.why());
    out_.last.clear();
    out_.broken = true;
    if (reader.next_offset() > reader.offset()) {
      ++next_;
    }
  }

  /// What a frame is called: its place in the segment and in the file.
  void problem(const SegmentReader& reader, const std::string& what) {
    ++out_.problem_count;
    if (out_.problems.size() < LogFindings::kMaxTold) {
      out_.problems.push_back("frame " + std::to_string(next_) + ", byte " + std::to_string(reader.offset()) +
                              ": " + what);
    }
  }

 private:
  void lines(const SegmentReader& reader) {
    std::string_view rest = reader.lines();
    while (!rest.empty()) {
      const std::string_view line = rest.substr(0, rest.find('\n'));
      rest.remove_prefix(line.size() + 1);
      const std::optional<EventId> id = id_of(line);
      if (!id) {
        problem(reader, "a line of it has no event.id");
        continue;
      }
      // All gap lines begin alike; nothing of a record's line can look so, as quotes in it are escaped.
      constexpr std::string_view kGap = "\"event\":{\"kind\":\"pipeline_error\"";
      uint64_t numbers = 1;
      if (line.find(kGap) != std::string_view::npos) {
        numbers = gap(line);
      }
      if (numbers != 0) {
        follow(reader, *id, numbers);
        repeats(reader, *id);
      }
    }
    end_repeats(reader);
  }

  /// The numbers of a line's repeats come later, among those of the lines that follow it in the frame.
  void repeats(const SegmentReader& reader, const EventId& id) {
    const auto found = repeats_of(id.rest, id.number);
    if (!found) {
      return problem(reader, "the line of record " + std::to_string(id.number) + " of worker " +
                                 std::to_string(id.worker) + " does not tell its repeats");
    }
    for (const NumberRun& run : *found) {
      ahead_[{id.boot, id.worker}].push(run);
      out_.folded += run.next - run.first;
    }
  }

  /// Moves a worker's run over the repeats that were told before, as far as up to number.
  void pass_repeats(const SegmentReader& reader, const Worker& worker, NumberRun& run, uint64_t number) {
    const auto found = ahead_.find(worker);
    while (found != ahead_.end() && !found->second.empty() && found->second.top().first < number) {
      const NumberRun next = found->second.top();
      found->second.pop();
      hold(reader, worker, run, next.first);
      run.next = next.next;
    }
  }

  /// No frame tells of records that another one's lines stand for.
  void end_repeats(const SegmentReader& reader) {
    for (const auto& [worker, ahead] : ahead_) {
      pass_repeats(reader, worker, out_.runs.at(worker), UINT64_MAX);
    }
    ahead_.clear();
  }

  /// Returns how many numbers it stands for.
  uint64_t gap(std::string_view line) {
    const json said = json::parse(line, nullptr, false);
    const json own = object_at(said, "sluice");
    const uint64_t lost = number_at(own, "lost");
    ++out_.gap_count;
    out_.lost += lost;
    if (out_.gaps.size() < LogFindings::kMaxTold) {
      const LogGap& gap = out_.gap_list.emplace_back(LogGap{text_at(own, "from"), text_at(own, "until"), lost,
                                                            text_at(object_at(said, "event"), "reason")});
      out_.gaps.push_back((lost == 0 ? std::string("an unknown number of") : std::to_string(lost)) +
                          " records are missing between " + gap.from + " and " + gap.until + ": " +
                          gap.reason);
    }
    return lost;
  }

  void follow(const SegmentReader& reader, const EventId& id, uint64_t numbers) {
    const Worker worker{id.boot, id.worker};
    const auto [found, first] = out_.runs.try_emplace(worker, NumberRun{id.number, id.number});
    NumberRun& run = found->second;
    pass_repeats(reader, worker, run, id.number);
    hold(reader, worker, run, id.number);
    run.next = id.number + numbers;
  }

  /// number: the next one of the worker that is told of.
  void hold(const SegmentReader& reader, const Worker& worker, const NumberRun& run, uint64_t number) {
    if (number != run.next && !out_.broken) {
      problem(reader, number > run.next
                          ? "records " + std::to_string(run.next) + " to " + std::to_string(number - 1) +
                                " of worker " + std::to_string(worker.second) +
                                " are missing, and no line says so"
                          : "record " + std::to_string(number) + " of worker " +
                                std::to_string(worker.second) + " stands here for the second time");
    }
  }

  const SegmentFile& file_;
  SegmentFindings& out_;
  uint64_t next_ = 0;              ///< frame
  std::map<Worker, Ahead> ahead_;  ///< repeats whose numbers were not reached yet, in this frame
};

}  // namespace

void check_segment(const SegmentFile& file, SegmentFindings& out, std::atomic<uint64_t>& done,
                   const std::atomic<bool>& stop) {
  std::string error;
  const auto reader = SegmentReader::open(file.path, error);
  if (!reader) {
    out.problems.push_back(error);
    ++out.problem_count;
    out.broken = true;
    return;
  }
  Checker checker(file, out);
  while (!stop) {
    const Step step = reader->next();
    if (step == Step::Frame) {
      checker.frame(*reader);
    } else if (step == Step::Damaged) {
      checker.damage(*reader);
    } else {
      out.closed = step == Step::End;
      out.head_line = out.closed ? reader->head_line() : std::string();
      break;
    }
    done += reader->next_offset() - reader->offset();
  }
  std::error_code ignored;
  out.file_bytes = std::filesystem::file_size(file.path, ignored);
  out.unfinished = out.closed || out.file_bytes < reader->offset() ? 0 : out.file_bytes - reader->offset();
}

}  // namespace sluice::control
