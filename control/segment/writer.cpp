// control/segment: appends, syncs, closes.
#include "control/segment/writer.h"

#include <fcntl.h>
#include <openssl/rand.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include <algorithm>
#include <new>
#include <nlohmann/json.hpp>

#include "control/base/files.h"
#include "control/base/hex.h"
#include "control/base/log_line.h"
#include "control/base/sha256.h"
#include "control/base/utc.h"
#include "control/segment/merkle.h"

namespace sluice::control {

using nlohmann::json;
constexpr mode_t kFileMode = 0640;
constexpr int kLevel = 3;

SealedPaths heads_paths(const std::filesystem::path& log, const std::filesystem::path& state) {
  return {log / "heads.jsonl", log / "heads.head", state / "log.key", log / "log.pub"};
}

void LogBatch::note(int64_t time_ns, const WorkerNumber& number) {
  ++records;
  note_repeat(time_ns, number);
}

void LogBatch::note_repeat(int64_t time_ns, const WorkerNumber& number) {
  first_ns = std::min(first_ns, time_ns);
  last_ns = std::max(last_ns, time_ns);
  if (!numbers.empty() && numbers.back().boot == number.boot && numbers.back().worker == number.worker) {
    numbers.back().last = number.last;
  } else {
    set_number(numbers, number);
  }
}

SegmentWriter::SegmentWriter(std::filesystem::path log, SegmentLimits limits)
    : log_(std::move(log)),
      limits_(limits),
      zstd_(ZSTD_createCCtx(), ZSTD_freeCCtx),
      previous_(kSha256Digits, '0') {
  if (!zstd_) {
    throw std::bad_alloc();
  }
  ZSTD_CCtx_setParameter(zstd_.get(), ZSTD_c_compressionLevel, kLevel);
  ZSTD_CCtx_setParameter(zstd_.get(), ZSTD_c_checksumFlag, 1);
}

SegmentWriter::~SegmentWriter() = default;

std::unique_ptr<SegmentWriter> SegmentWriter::open(const std::filesystem::path& log,
                                                   const std::filesystem::path& state, SegmentLimits limits,
                                                   std::string& error) {
  for (const std::filesystem::path& directory : {log, state}) {
    if (error = make_directory(directory); !error.empty()) {
      return nullptr;
    }
  }
  std::unique_ptr<SegmentWriter> out(new SegmentWriter(log, limits));
  error = out->read_back(state);
  return error.empty() ? std::move(out) : nullptr;
}

uint64_t SegmentWriter::last_number(uint64_t boot, uint32_t worker) const {
  const auto found = std::find_if(known_.begin(), known_.end(), [&](const WorkerNumber& each) {
    return each.boot == boot && each.worker == worker;
  });
  return found == known_.end() ? 0 : found->last;
}

bool SegmentWriter::knows(uint64_t boot) const {
  return std::any_of(known_.begin(), known_.end(),
                     [&](const WorkerNumber& each) { return each.boot == boot; });
}

std::string SegmentWriter::append(const LogBatch& batch, int64_t now_ns) {
  if (std::string why = end_line_.empty() ? check_file(now_ns) : write_end(); !why.empty()) {
    return why;
  }
  if (due(now_ns)) {
    if (std::string why = close(now_ns); !why.empty() && !end_line_.empty()) {
      return why;  // no frame may follow a segment's head
    }
  }
  if (std::string why = file_ ? std::string() : begin_segment(now_ns); !why.empty()) {
    return why;
  }
  Frame frame;
  if (!make_frame(batch, frame)) {
    return "zstd cannot pack the lines, or there is no randomness for their salt";
  }
  const std::string bytes = frame.start + frame.body;
  if (std::string why = write(bytes); !why.empty()) {
    return why;
  }
  note_frame(frame.header, frame.sha256, frame.start.size());
  counts_.text_bytes += batch.lines.size();
  counts_.file_bytes += bytes.size();
  return {};
}

std::string SegmentWriter::tick(int64_t now_ns) {
  return !end_line_.empty() ? write_end() : due(now_ns) ? close(now_ns) : std::string();
}

bool SegmentWriter::due(int64_t now_ns) const {
  return file_ && open_.frames != 0 &&
         (open_.size >= limits_.bytes ||
          // Compared so that no time that a record may bear overflows.
          open_.first_ns <= now_ns - std::chrono::nanoseconds(limits_.age).count());
}

/// Finds out whether somebody else changed the file; then it stays as it is, and another one is begun.
std::string SegmentWriter::check_file(int64_t now_ns) {
  struct stat status {};
  if (!file_ || (::fstat(file_.get(), &status) == 0 && status.st_nlink != 0 &&
                 static_cast<uint64_t>(status.st_size) == open_.size)) {
    return {};
  }
  const std::string why = status.st_nlink == 0
                              ? "somebody removed the file while it was written"
                              : "somebody else wrote to the file: it has " + std::to_string(status.st_size) +
                                    " bytes, and had " + std::to_string(open_.size);
  return abandon(open_.size, why, now_ns);
}

std::string SegmentWriter::begin_segment(int64_t now_ns) {
  path_ = log_ / segment_name(segment_ + 1, now_ns);
  file_.reset(::open(path_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, kFileMode));
  if (!file_ || !sync_directory(log_)) {
    std::string why = errno_text("cannot make " + path_.string());
    if (file_) {
      ::unlink(path_.c_str());
      file_.reset();
    }
    return why;
  }
  ++segment_;
  open_ = {};
  return {};
}

/// Returns false where zstd or the random generator fails.
bool SegmentWriter::make_frame(const LogBatch& batch, Frame& out) {
  char salt[kSaltBytes];
  packed_.resize(std::max(packed_.size(), ZSTD_compressBound(batch.lines.size())));
  const size_t size =
      ZSTD_compress2(zstd_.get(), packed_.data(), packed_.size(), batch.lines.data(), batch.lines.size());
  if (ZSTD_isError(size) || RAND_bytes(reinterpret_cast<unsigned char*>(salt), sizeof salt) != 1) {
    return false;
  }
  out.body = skippable_frame(kSaltMagic, {salt, sizeof salt});
  out.body.append(packed_, 0, size);
  out.header = {.segment = segment_,
                .frame = open_.frames,
                .previous = previous_,
                .records = batch.records,
                .first_ns = batch.first_ns,
                .last_ns = batch.last_ns,
                .text_bytes = batch.lines.size(),
                .body_bytes = out.body.size(),
                .sha256 = sha256_hex(out.body),
                .root = hex_text(merkle_root(merkle_leaves({salt, sizeof salt}, batch.lines))),
                .numbers = open_.frames == 0 ? known_ : WorkerNumbers()};
  for (const WorkerNumber& each : batch.numbers) {
    set_number(out.header.numbers, each);
  }
  out.start = header_frame(out.header, out.sha256);
  return true;
}

/// Appends bytes to the segment and syncs them; else the file is as it was.
std::string SegmentWriter::write(const std::string& bytes) {
  const auto start = static_cast<off_t>(open_.size);
  if (::lseek(file_.get(), start, SEEK_SET) == start && write_all(file_.get(), bytes) &&
      ::fdatasync(file_.get()) == 0) {
    return {};
  }
  std::string why = errno_text("cannot write " + path_.string());
  // After a failed sync the kernel may hold the pages for clean: only writing them again is safe. So all of
  // it goes.
  if (::ftruncate(file_.get(), start) != 0) {
    log_error("access log: " + errno_text("cannot cut back " + path_.string()));
  }
  return why;
}

/// A frame is in the file.
void SegmentWriter::note_frame(const FrameHeader& header, const std::string& sha256, uint64_t start_bytes) {
  constexpr uint64_t kSalt = kSkippableStart + kSaltBytes;
  open_.entries.push_back({static_cast<uint32_t>(start_bytes), 0});
  open_.entries.push_back({kSalt, 0});
  open_.entries.push_back(
      {static_cast<uint32_t>(header.body_bytes - kSalt), static_cast<uint32_t>(header.text_bytes)});
  open_.size += start_bytes + header.body_bytes;
  open_.first_ns = std::min(open_.first_ns, header.first_ns);
  open_.last_ns = std::max(open_.last_ns, header.last_ns);
  open_.records += header.records;
  open_.text_bytes += header.text_bytes;
  ++open_.frames;
  previous_ = sha256;
  for (const WorkerNumber& each : header.numbers) {
    set_number(known_, each);
  }
}

std::string SegmentWriter::close(int64_t now_ns) {
  if (!end_line_.empty()) {
    return write_end();
  }
  if (!file_ || open_.frames == 0) {
    return {};
  }
  std::string why = heads_->append(json{{"kind", "segment"},
                                        {"time", utc_text(now_ns)},
                                        {"segment", segment_},
                                        {"file", path_.filename().string()},
                                        {"frames", open_.frames},
                                        {"records", open_.records},
                                        {"first", utc_text(open_.first_ns)},
                                        {"last", utc_text(open_.last_ns)},
                                        {"text", open_.text_bytes},
                                        {"size", open_.size},
                                        {"header", previous_}},
                                   &end_line_);
  return why.empty() ? write_end() : why;
}

/// The segment's line stands in heads.jsonl already: what is missing is the end of the file.
std::string SegmentWriter::write_end() {
  const std::string head = skippable_frame(kHeadMagic, end_line_);
  std::vector<SeekEntry> entries = open_.entries;
  entries.push_back({static_cast<uint32_t>(head.size()), 0});
  if (std::string why = write(head + seek_table(entries)); !why.empty()) {
    return why;
  }
  ++counts_.closed;
  leave_segment();
  return {};
}

void SegmentWriter::leave_segment() {
  file_.reset();
  end_line_.clear();
  open_ = {};
}

/// Leaves the segment as it is, for evidence, with a signed line about it.
std::string SegmentWriter::abandon(uint64_t offset, const std::string& why, int64_t now_ns) {
  log_error("access log: " + path_.string() + ", byte " + std::to_string(offset) + ": " + why +
            "; it stays as it is, and a new segment is begun");
  std::string error = heads_->append(json{{"kind", "damage"},
                                          {"time", utc_text(now_ns)},
                                          {"segment", segment_},
                                          {"file", path_.filename().string()},
                                          {"offset", offset},
                                          {"why", why}});
  if (error.empty()) {
    leave_segment();
  }
  return error;
}

}  // namespace sluice::control
