// control/segment: finds the log's end again after a stop, a crash or a power cut.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>

#include "control/base/clock.h"
#include "control/base/files.h"
#include "control/base/hex.h"
#include "control/base/json_fields.h"
#include "control/base/log_line.h"
#include "control/base/sha256.h"
#include "control/segment/reader.h"
#include "control/segment/writer.h"

namespace sluice::control {
namespace {

using nlohmann::json;
/// A file system gives the blocks that it had no time to write as zeros.
constexpr size_t kBlock = 4096;

/// Whether what stands from offset to the end is what a power cut leaves: a block of zeros in it, or nothing
/// else.
bool power_cut_left(int fd, uint64_t offset, uint64_t size) {
  std::string block;
  bool all_zero = true;
  while (offset < size) {
    const size_t bytes = std::min<uint64_t>(kBlock - offset % kBlock, size - offset);
    block.resize(bytes);
    if (::pread(fd, block.data(), bytes, static_cast<off_t>(offset)) != static_cast<ssize_t>(bytes)) {
      return false;
    }
    const bool zero = block.find_first_not_of('\0') == std::string::npos;
    if (zero && bytes == kBlock) {
      return true;
    }
    all_zero &= zero;
    offset += bytes;
  }
  return all_zero;
}

}  // namespace

std::string SegmentWriter::read_back(const std::filesystem::path& state) {
  std::string error, header;
  uint64_t named = 0;    // the newest segment that heads.jsonl says was closed
  std::string its_line;  // what it says of it
  heads_ = SealedFile::open(
      heads_paths(log_, state), "the access log's heads",
      [&](std::string_view line) {
        const json said = json::parse(line, nullptr, false);
        if (said.is_object() && text_at(said, "kind") == "segment" && number_at(said, "segment") >= named) {
          named = number_at(said, "segment");
          header = text_at(said, "header");
          its_line = line;
        }
      },
      error);
  if (!heads_) {
    return error;
  }
  std::vector<SegmentFile> files = list_segments(log_, error);
  uint64_t newest = named;  // whose number is taken
  while (error.empty() && !files.empty() && known_.empty()) {
    // Where the newest one was begun and its first frame never synced, its number is free again, and the one
    // before tells the state.
    segment_ = files.back().number;
    error = read_back_file(files.back(), segment_ == named ? its_line : std::string());
    newest = ::access(files.back().path.c_str(), F_OK) == 0 ? std::max(newest, segment_) : newest;
    files.pop_back();
  }
  if (segment_ != newest) {
    leave_segment();
    previous_ = newest == named && is_sha256_text(header) ? header : previous_;
    segment_ = newest;
  }
  return error;
}

/// line: what heads.jsonl says of the segment, where it says that it was closed.
std::string SegmentWriter::read_back_file(const SegmentFile& file, const std::string& line) {
  using Step = SegmentReader::Step;
  std::string error;
  const auto reader = SegmentReader::open(file.path, error);
  if (!reader) {
    return error;
  }
  uint64_t last = UINT64_MAX;  // the frame that a crash may have left half written
  for (Step step = reader->next_header(); step != Step::NotYet; step = reader->next_header()) {
    last = step == Step::Frame ? reader->offset() : step == Step::End ? UINT64_MAX : last;
    if (step == Step::End) {
      break;
    }
  }
  path_ = file.path;
  std::string why;                 // of the first damage
  uint64_t damage = 0, whole = 0;  // where it is; the end of the last whole frame
  Step step = Step::Frame;
  reader->seek(0);
  while (step == Step::Frame || step == Step::Damaged) {
    step = reader->next_offset() == last ? reader->next() : reader->next_header();
    if (step == Step::Frame) {
      const FrameHeader& header = reader->header();
      note_frame(header, reader->header_sha256(),
                 reader->next_offset() - reader->offset() - header.body_bytes);
      whole = reader->next_offset();
    } else if (step == Step::Damaged && why.empty()) {
      why = reader->why();
      damage = reader->offset();
    }
  }
  if (step == Step::End) {
    leave_segment();
    return {};
  }
  broken_off_ns_ = open_.frames == 0 ? 0 : open_.last_ns;
  return mend_end(file, line, why, damage, whole);
}

/// Of a segment without an end: cuts off what is half written, and opens it to be written on; or leaves it,
/// where it is damaged.
std::string SegmentWriter::mend_end(const SegmentFile& file, const std::string& line, const std::string& why,
                                    uint64_t damage, uint64_t whole) {
  struct stat status {};
  file_.reset(::open(file.path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW));
  if (!file_ || ::fstat(file_.get(), &status) != 0) {
    return errno_text("cannot write " + file.path.string());
  }
  const auto size = static_cast<uint64_t>(status.st_size);
  if (!why.empty() && (damage < whole || !power_cut_left(file_.get(), whole, size))) {
    return abandon(damage, why, utc_now_ns());
  }
  if (open_.frames == 0) {
    log_warning("access log: removed " + file.path.string() + ", of which no frame was written whole");
    leave_segment();
    return ::unlink(file.path.c_str()) == 0 && sync_directory(log_)
               ? std::string()
               : errno_text("cannot remove " + file.path.string());
  }
  if (size > whole) {
    log_warning("access log: cut " + std::to_string(size - whole) + " bytes of an unfinished frame off " +
                file.path.string());
  }
  // What is read back counts as logged, and a ring's tail moves past it: it must be on disk.
  if ((size > whole && ::ftruncate(file_.get(), static_cast<off_t>(whole)) != 0) ||
      ::fsync(file_.get()) != 0) {
    return errno_text("cannot write " + file.path.string());
  }
  if (line.empty()) {
    return {};
  }
  if (text_at(json::parse(line, nullptr, false), "header") != previous_) {
    return abandon(whole, "its end was cut off", utc_now_ns());
  }
  end_line_ = line;
  if (std::string error = write_end(); !error.empty()) {
    log_error("access log: " + error + "; it is tried again");
  }
  return {};
}

}  // namespace sluice::control
