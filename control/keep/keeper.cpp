// control/keep: deletes what has been kept long enough, and nothing else.
#include "control/keep/keeper.h"

#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <utility>

#include "control/base/clock.h"
#include "control/base/files.h"
#include "control/base/log_line.h"
#include "control/base/utc.h"
#include "control/segment/writer.h"

namespace sluice::control {
namespace {

using nlohmann::json;
using std::chrono::nanoseconds;
constexpr int64_t kSecond = 1'000'000'000;
constexpr uint32_t kDay = 86'400;

constexpr int64_t ns_of(nanoseconds duration) {
  return duration.count();
}

/// A segment's index lies beside it.
std::filesystem::path index_of(const SegmentFile& file) {
  constexpr std::string_view kEnding = ".jsonl.zst";
  std::string path = file.path.string();
  path.resize(path.size() - kEnding.size());
  return path + ".idx";
}

uint64_t size_of(const std::filesystem::path& path) {
  std::error_code failure;
  const uint64_t out = std::filesystem::file_size(path, failure);
  return failure ? 0 : out;
}

/// Returns an empty string where there is no such file any more, or why it is still there.
std::string unlink_file(const std::filesystem::path& path) {
  return ::unlink(path.c_str()) == 0 || errno == ENOENT ? std::string()
                                                        : errno_text("cannot delete " + path.string());
}

/// The greatest time that the headers of a segment name; INT64_MIN where none can be read.
int64_t newest_in(SegmentReader& reader) {
  using Step = SegmentReader::Step;
  int64_t out = INT64_MIN;
  for (Step step = reader.next_header(); step == Step::Frame || step == Step::Damaged;
       step = reader.next_header()) {
    if (step == Step::Frame) {
      out = std::max(out, reader.header().last_ns);
    }
  }
  return out;
}

}  // namespace

KeepMoment KeepMoment::now() {
  return {utc_now_ns(), nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count()};
}

std::optional<uint64_t> Keeper::free_bytes_of(const std::filesystem::path& log) {
  struct statvfs status {};
  if (::statvfs(log.c_str(), &status) != 0) {
    return std::nullopt;
  }
  return uint64_t{status.f_bavail} * status.f_frsize;
}

Keeper::Keeper(std::filesystem::path log, Ports ports, std::unique_ptr<const SigningKey> key)
    : log_(std::move(log)), ports_(std::move(ports)), heads_(heads_paths(log_, {}).lines, std::move(key)) {}

std::unique_ptr<Keeper> Keeper::open(const std::filesystem::path& log, Ports ports, std::string& error) {
  std::unique_ptr<SigningKey> key = SigningKey::open_public(heads_paths(log, {}).public_key, error);
  if (!key) {
    return nullptr;
  }
  std::unique_ptr<Keeper> out(new Keeper(log, std::move(ports), std::move(key)));
  error = out->heads_.refresh();
  return error.empty() ? std::move(out) : nullptr;
}

void Keeper::run(const KeepMoment& now, std::optional<uint32_t> keep_s) {
  failed_ = false;
  keep_s_ = keep_s;
  watch_clock(now);
  std::string error = heads_.refresh();
  std::vector<SegmentFile> files;
  if (error.empty()) {
    files = list_segments(log_, error);
  }
  if (error.empty()) {
    heads_.keep_only(files);
    waits_ = why_wait(now, keep_s);
    if (waits_.empty()) {
      delete_due(files, now, *keep_s);
    }
    measure(files, now, keep_s);
    warn(now);
  } else {
    waits_ = error;
    complain(error);
  }
  figures_.errors += failed_;
  if (!failed_) {
    complained_.clear();
  }
}

/// A clock that is wrong must not cost records: it stands, or has leapt, where only the passing of time can
/// have brought it.
void Keeper::watch_clock(const KeepMoment& now) {
  const int64_t offset = now.utc_ns - now.steady_ns;
  const auto wait_after = [&](int64_t leap_ns) {
    const auto wait = std::abs(leap_ns) > ns_of(kFar) ? kLongWait : kWait;
    wait_until_ns_ = std::max(wait_until_ns_, now.steady_ns + ns_of(wait));
    return std::to_string(wait.count()) + (wait.count() == 1 ? " hour" : " hours");
  };
  if (!clock_offset_ns_) {
    const int64_t closed_ns = heads_.newest_closed_ns();
    const int64_t away_ns = closed_ns == INT64_MIN ? 0 : now.utc_ns - closed_ns;
    const std::string wait = wait_after(away_ns);
    if (away_ns > ns_of(kFar)) {
      log_warning("access log: the clock stands " + std::to_string(away_ns / kSecond / kDay) +
                  " days after the last segment was closed; nothing is deleted for " + wait);
    }
  } else if (const int64_t leap_ns = offset - *clock_offset_ns_; std::abs(leap_ns) > ns_of(kLeap)) {
    log_warning("access log: the clock leapt by " + std::to_string(leap_ns / kSecond) +
                " seconds; nothing is deleted for " + wait_after(leap_ns));
  } else {
    return;  // the anchor stays, so that many small steps add up to a leap
  }
  clock_offset_ns_ = offset;
}

std::string Keeper::why_wait(const KeepMoment& now, std::optional<uint32_t> keep_s) const {
  if (!keep_s) {
    return "the policy's term is not known";
  }
  if (now.utc_ns < heads_.newest_record_ns()) {
    return "the clock stands before the newest record";
  }
  if (now.steady_ns < wait_until_ns_) {
    return "waits after a start, or after the clock was set";
  }
  return {};
}

void Keeper::delete_due(const std::vector<SegmentFile>& files, const KeepMoment& now, uint32_t keep_s) {
  const int64_t before_ns = now.utc_ns - int64_t{keep_s} * kSecond;
  const uint64_t newest = files.empty() ? 0 : files.back().number;
  size_t removed = 0;
  for (const SegmentFile& file : files) {
    const auto found = heads_.ended().find(file.number);
    if (file.number == newest || removed == kMostARun) {
      break;
    }
    if (found == heads_.ended().end() || found->second.file != file.path.filename().string() ||
        heads_.holds().keep(found->second.first_ns, found->second.last_ns)) {
      continue;
    }
    const bool written = found->second.deleted;
    if (!written && (found->second.last_ns >= before_ns || !may_go(file, found->second, before_ns))) {
      continue;
    }
    std::string error = written ? std::string() : write_down(file, found->second, now.utc_ns, keep_s);
    if (!error.empty()) {
      complain(error);
      break;
    }
    error = remove(file);
    // One that cannot be deleted is tried at every run, and does not stand in the way of others.
    removed += !written || error.empty();
    if (!error.empty()) {
      complain(error);
    }
  }
  if (removed != 0 && !sync_directory(log_)) {
    complain(errno_text("cannot sync " + log_.string()));
  }
}

/// Whether the segment itself says, too, that its term is over.
bool Keeper::may_go(const SegmentFile& file, const EndedSegment& ended, int64_t before_ns) {
  if (refused_.contains(file.number)) {
    return false;
  }
  std::string error;
  const auto reader = SegmentReader::open(file.path, error);
  if (!reader) {
    complain(error);
    return false;
  }
  const int64_t newest_ns = newest_in(*reader);
  if (newest_ns < before_ns) {
    return true;
  }
  refused_.insert(file.number);
  log_error("access log: " + file.path.string() + " is not deleted: it has records up to " +
            utc_text(newest_ns) + ", and heads.jsonl says " + utc_text(ended.last_ns));
  return false;
}

std::string Keeper::write_down(const SegmentFile& file, const EndedSegment& ended, int64_t utc_ns,
                               uint32_t keep_s) {
  std::string error =
      ports_.append(json{{"kind", "deletion"},
                         {"time", utc_text(utc_ns)},
                         {"segment", file.number},
                         {"file", ended.file},
                         {"header", ended.header},
                         {"why", "its term of " + std::to_string(keep_s / kDay) + " days is over"}});
  if (error.empty()) {
    heads_.note_deleted(file.number);
  }
  return error;
}

/// The index first: without its segment nothing would remember to delete it.
std::string Keeper::remove(const SegmentFile& file) {
  std::string error = unlink_file(index_of(file));
  if (error.empty()) {
    error = unlink_file(file.path);
  }
  if (error.empty()) {
    ++figures_.deleted;
    log_info("access log: deleted " + file.path.string() + ", its term is over");
  }
  return error;
}

void Keeper::measure(const std::vector<SegmentFile>& files, const KeepMoment& now,
                     std::optional<uint32_t> keep_s) {
  const auto& ended = heads_.ended();
  const int64_t keep_ns = int64_t{keep_s.value_or(0)} * kSecond, window_ns = now.utc_ns - ns_of(kMeasure);
  int64_t since_ns = INT64_MAX, oldest_ns = INT64_MAX;
  uint64_t grown = 0;
  std::vector<StoredSegment> stored;
  for (const SegmentFile& file : files) {
    const auto found = ended.find(file.number);
    if (found == ended.end()) {
      continue;
    }
    const EndedSegment& each = found->second;
    if (each.first_ns != INT64_MIN) {
      oldest_ns = std::min(oldest_ns, each.first_ns);
    }
    if (each.first_ns >= window_ns && each.ended_ns <= now.utc_ns) {
      since_ns = std::min(since_ns, each.first_ns);
      grown += size_of(file.path) + size_of(index_of(file));
    }
    stored.push_back({each.last_ns + keep_ns, each.bytes, heads_.holds().keep(each.first_ns, each.last_ns)});
  }
  std::ranges::stable_sort(stored, {}, &StoredSegment::due_ns);
  std::string ignored;
  if (oldest_ns == INT64_MAX && !files.empty()) {
    const auto reader = SegmentReader::open(files.front().path, ignored);
    const bool there = reader && reader->next_header() == SegmentReader::Step::Frame;
    oldest_ns = there ? reader->header().first_ns : 0;
  }
  const bool measured = since_ns != INT64_MAX && now.utc_ns - since_ns >= ns_of(kLeastMeasure);
  const auto free_bytes = ports_.free_bytes(log_);
  figures_.oldest_ns = oldest_ns == INT64_MAX ? 0 : oldest_ns;
  figures_.holds = heads_.holds().cases().size();
  figures_.free_bytes = free_bytes.value_or(0);
  figures_.keep_s = keep_s.value_or(0);
  figures_.bytes_per_s =
      measured ? static_cast<double>(grown) * 1e9 / static_cast<double>(now.utc_ns - since_ns) : 0;
  figures_.disk = free_bytes && keep_s ? forecast(stored, *free_bytes, figures_.bytes_per_s, now.utc_ns,
                                                  *keep_s, heads_.holds().open_ended())
                                       : Forecast{};
}

void Keeper::warn(const KeepMoment& now) {
  if (!figures_.disk.before_term || (warned_ns_ && now.steady_ns - *warned_ns_ < ns_of(kWarnEvery))) {
    return;
  }
  warned_ns_ = now.steady_ns;
  log_warning("access log: its disk will be full in " +
              std::to_string(static_cast<uint64_t>(figures_.disk.full_s / kDay)) +
              " days, before the term of " + std::to_string(keep_s_.value_or(0) / kDay) +
              " days is reached; nothing is deleted early: give it a larger disk");
}

/// Once for each trouble, until a run goes well.
void Keeper::complain(const std::string& what) {
  failed_ = true;
  if (complained_ != what) {
    complained_ = what;
    log_error("access log: " + what);
  }
}

}  // namespace sluice::control
