// control/segment: holds segments against one another and against heads.jsonl.
#include "control/segment/check.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>

#include "control/base/files.h"
#include "control/base/json_fields.h"
#include "control/base/sha256.h"
#include "control/segment/acknowledged.h"
#include "control/segment/reader.h"
#include "control/segment/segment_check.h"
#include "control/segment/writer.h"

namespace sluice::control {
namespace {

using nlohmann::json;
constexpr std::chrono::milliseconds kLeastWait{1}, kBetweenProgress{200};
constexpr unsigned kMostThreads = 8;

/// What heads.jsonl says of a segment.
struct Head {
  std::string line, file, first, last, header;
  uint64_t frames = 0, records = 0;
};

class LogChecker {
 public:
  LogChecker(const LogCheckOptions& options, LogFindings& out) : options_(options), out_(out) {}

  std::string read_heads(const std::filesystem::path& directory, const SigningKey& key) {
    SealedFindings found;
    if (!options_.witness.empty()) {
      if (std::string error = read_witnessed(options_.witness, witnessed_); !error.empty()) {
        return error;
      }
    }
    acknowledged_ = read_acknowledged(directory);
    out_.acknowledged = acknowledged_.line;
    std::string error = read_sealed(
        heads_paths(directory, {}), key, [this](std::string_view line) { head(line); }, found);
    out_.heads = found.lines;
    for (const std::string& each : found.problems) {
      problem("heads.jsonl: " + each);
    }
    out_.problem_count += found.problem_count - found.problems.size();
    for (const auto& [number, line] : witnessed_) {
      problem("heads.jsonl: line " + std::to_string(number) + ", which the witness has, is missing");
    }
    if (acknowledged_.line > found.last_number) {
      problem("heads.jsonl: the witness took line " + std::to_string(acknowledged_.line) +
              ", and the last one is " + std::to_string(found.last_number));
    }
    return error;
  }

  void read_segments(std::vector<SegmentFile> files, const LogProgress& progress) {
    newest_ = files.empty() ? 0 : files.back().number;
    std::erase_if(files, [this](const SegmentFile& file) { return outside(file.number); });
    std::vector<SegmentFindings> found(files.size());
    std::atomic<size_t> next{0};
    std::atomic<uint64_t> done{0}, all{0};
    std::atomic<unsigned> running{0};
    std::error_code ignored;
    for (const SegmentFile& file : files) {
      all += std::filesystem::file_size(file.path, ignored);
    }
    std::atomic<bool> stop{false};
    std::vector<std::jthread> threads;
    running = std::clamp(std::thread::hardware_concurrency(), 1U, kMostThreads);
    for (unsigned i = running; i > 0; --i) {
      threads.emplace_back([&] {
        for (size_t mine = next++; mine < files.size() && !stop; mine = next++) {
          check_segment(files[mine], found[mine], done, stop);
        }
        --running;
      });
    }
    while (running != 0) {
      std::this_thread::sleep_for(
          std::clamp(std::chrono::milliseconds(all >> 20), kLeastWait, kBetweenProgress));
      stop = stop || (progress && !progress(done, all));
    }
    threads.clear();
    out_.stopped = stop;
    if (!stop) {
      join(files, found);
    }
  }

 private:
  /// A line of heads.jsonl against what the witness has of it.
  void witnessed(std::string_view line, uint64_t number, const std::string& time) {
    if (const auto found = witnessed_.find(number); found != witnessed_.end()) {
      ++out_.compared;
      if (found->second != line) {
        problem("heads.jsonl: line " + std::to_string(number) + " is another one than the witness has");
      }
      witnessed_.erase(found);
    }
    if (number == acknowledged_.line && sha256_hex(line) != acknowledged_.sha256) {
      problem("heads.jsonl: line " + std::to_string(number) + " is another one than the witness took at " +
              acknowledged_.time);
    }
    if (number > acknowledged_.line && out_.unwitnessed_since.empty()) {
      out_.unwitnessed_since = time;
    }
  }

  void head(std::string_view line) {
    const json said = json::parse(line, nullptr, false);
    if (!said.is_object()) {
      return;
    }
    witnessed(line, number_at(said, "line"), text_at(said, "time"));
    const std::string kind = text_at(said, "kind");
    const uint64_t number = number_at(said, "segment");
    if (kind == "segment") {
      heads_[number] = {std::string(line),         text_at(said, "file"),   text_at(said, "first"),
                        text_at(said, "last"),     text_at(said, "header"), number_at(said, "frames"),
                        number_at(said, "records")};
    } else if (kind == "deletion") {
      deleted_.insert(number);
    } else if (kind == "disclosure") {
      ++out_.disclosures;
    } else if (kind == "damage") {
      damaged_.insert(number);
      problem(place(number, text_at(said, "file")) + "byte " + std::to_string(number_at(said, "offset")) +
              ": found at " + text_at(said, "time") + " by the gateway itself: " + text_at(said, "why"));
    }
  }

  static std::string place(uint64_t number, const std::string& file) {
    return "segment " + std::to_string(number) + (file.empty() ? "" : " (" + file + ")") + ": ";
  }

  bool outside(uint64_t number) const {
    const auto found = heads_.find(number);
    return found != heads_.end() && ((!options_.since.empty() && found->second.last < options_.since) ||
                                     (!options_.until.empty() && found->second.first > options_.until));
  }

  void problem(std::string what) {
    ++out_.problem_count;
    if (out_.problems.size() < LogFindings::kMaxTold) {
      out_.problems.push_back(std::move(what));
    }
  }

  void join(const std::vector<SegmentFile>& files, const std::vector<SegmentFindings>& found) {
    uint64_t expected = files.empty() ? 0 : files.front().number;
    if (!heads_.empty() && options_.since.empty()) {
      expected = std::min(expected == 0 ? UINT64_MAX : expected, heads_.begin()->first);
    }
    std::string last;  // header of the segment before; empty: not known
    for (size_t i = 0; i < files.size(); ++i) {
      const SegmentFile& file = files[i];
      const std::string where = place(file.number, file.path.filename().string());
      if (i != 0 && file.number == files[i - 1].number) {
        problem(where + "there are two of this number");
        continue;
      }
      for (; expected < file.number; ++expected) {
        last = missing(expected);
      }
      if (file.number == 1) {
        last = std::string(kSha256Digits, '0');
      }
      segment(file, found[i], where, last);
      last = found[i].last;
      expected = file.number + 1;
    }
    for (const uint64_t end = heads_.empty() ? 0 : heads_.rbegin()->first; expected != 0 && expected <= end;
         ++expected) {
      missing(expected);
    }
  }

  /// Of a number without a file. Returns the SHA-256 of its last header, or nothing.
  std::string missing(uint64_t number) {
    const auto head = heads_.find(number);
    const bool known = head != heads_.end();
    if (deleted_.contains(number)) {
      ++out_.deleted;
    } else if (!outside(number)) {
      problem(place(number, known ? head->second.file : "") + "it is missing" +
              (known ? ": its " + std::to_string(head->second.records) + " records are of " +
                           head->second.first + " to " + head->second.last
                     : ", and nothing is known of it"));
    }
    runs_.clear();
    return known ? head->second.header : std::string();
  }

  void segment(const SegmentFile& file, const SegmentFindings& found, const std::string& where,
               const std::string& last) {
    ++out_.segments;
    out_.closed += found.closed;
    out_.frames += found.frames;
    out_.records += found.records;
    out_.folded += found.folded;
    out_.file_bytes += found.file_bytes;
    out_.text_bytes += found.text_bytes;
    out_.unfinished += file.number == newest_ ? found.unfinished : 0;
    for (const std::string& each : found.problems) {
      problem(where + each);
    }
    out_.problem_count += found.problem_count - found.problems.size();
    out_.gap_count += found.gap_count;
    out_.lost += found.lost;
    for (const std::string& each : found.gaps) {
      if (out_.gaps.size() < LogFindings::kMaxTold) {
        out_.gaps.push_back(where + each);
      }
    }
    for (const LogGap& each : found.gap_list) {
      if (out_.gap_list.size() < LogFindings::kMaxTold) {
        out_.gap_list.push_back(each);
      }
    }
    if (!last.empty() && !found.previous.empty() && found.previous != last) {
      problem(where + "it does not follow the segment before it");
    }
    end(file, found, where);
    if (found.broken) {
      runs_.clear();
    }
    for (const auto& [worker, run] : found.runs) {
      const auto before = runs_.find(worker);
      if (before != runs_.end() && before->second != run.first && !found.broken) {
        problem(where + "worker " + std::to_string(worker.second) + " goes on with record " +
                std::to_string(run.first) + ", the segments before it end before " +
                std::to_string(before->second));
      }
      runs_[worker] = run.next;
    }
  }

  /// A segment's end against what heads.jsonl says.
  void end(const SegmentFile& file, const SegmentFindings& found, const std::string& where) {
    const auto said = heads_.find(file.number);
    if (said == heads_.end()) {
      if (found.closed) {
        problem(where + "it bears an end of which heads.jsonl knows nothing");
      } else if (file.number != newest_ && !damaged_.contains(file.number)) {
        problem(where + "it was never closed, though there is a newer one");
      }
      return;
    }
    const Head& head = said->second;
    if (found.closed && found.head_line != head.line) {
      problem(where + "its end bears another line than heads.jsonl has");
    } else if (!found.closed && !found.broken && (file.number != newest_ || found.unfinished == 0) &&
               (found.last != head.header || file.number != newest_)) {
      problem(where + "it was closed, and its end is missing");
    }
    if (!found.broken &&
        (found.frames != head.frames || found.records != head.records || found.last != head.header)) {
      problem(where + "it has " + std::to_string(found.records) + " records in " +
              std::to_string(found.frames) + " frames, and was closed with " + std::to_string(head.records) +
              " in " + std::to_string(head.frames) +
              (found.frames == head.frames && found.records == head.records ? ", which were others" : ""));
    }
  }

  const LogCheckOptions& options_;
  LogFindings& out_;
  WitnessedLines witnessed_;  ///< lines by number, those that were met taken out
  Acknowledged acknowledged_;
  std::map<uint64_t, Head> heads_;
  std::set<uint64_t> deleted_, damaged_;
  uint64_t newest_ = 0;
  std::map<std::pair<uint64_t, uint32_t>, uint64_t> runs_;  ///< the next number of each worker
};

}  // namespace

std::string check_log(const std::filesystem::path& directory, const SigningKey& key,
                      const LogCheckOptions& options, const LogProgress& progress, LogFindings& findings) {
  findings = {};
  std::string error;
  // The files first: a segment that is closed meanwhile has its line in heads.jsonl by then.
  std::vector<SegmentFile> files = list_segments(directory, error);
  LogChecker checker(options, findings);
  if (error.empty()) {
    error = checker.read_heads(directory, key);
  }
  if (error.empty()) {
    checker.read_segments(std::move(files), progress);
  }
  return error;
}

}  // namespace sluice::control
