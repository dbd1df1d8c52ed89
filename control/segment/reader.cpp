// control/segment: finds, checks and unpacks frames.
#include "control/segment/reader.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include <algorithm>
#include <cerrno>
#include <tuple>

#include "control/base/files.h"
#include "control/base/sha256.h"

namespace sluice::control {
namespace {

constexpr size_t kSearchBytes = size_t{1} << 20;  ///< that are looked through at once for the next frame
constexpr size_t kSaltFrame = kSkippableStart + kSaltBytes;
/// What all magic numbers of skippable frames have after their first byte.
constexpr std::string_view kMagicTail = "\x2a\x4d\x18";

/// By the library's search: lines are long, and it takes many bytes at once.
uint64_t lines_in(std::string_view text) {
  uint64_t out = 0;
  for (size_t at = 0; (at = text.find('\n', at)) != std::string_view::npos; ++at) {
    ++out;
  }
  return out;
}

/// Whether text, which goes on beyond what is there, holds a whole header or end: then its size is wrong.
bool holds_whole(uint32_t magic, std::string_view text) {
  if (magic == kHeaderMagic) {
    const size_t line = text.find('\n');
    return line != std::string_view::npos && text.size() > line + 1 + kSha256Digits;
  }
  return text.find("\"}^" + std::string(kMagicTail)) != std::string_view::npos;
}

}  // namespace

std::vector<SegmentFile> list_segments(const std::filesystem::path& directory, std::string& error) {
  std::vector<SegmentFile> out;
  std::error_code failure;
  for (auto it = std::filesystem::directory_iterator(directory, failure);
       !failure && it != std::filesystem::directory_iterator(); it.increment(failure)) {
    if (const auto number = segment_number(it->path().filename().string())) {
      out.push_back({*number, it->path()});
    }
  }
  if (failure) {
    error = "cannot read " + directory.string() + ": " + failure.message();
    return {};
  }
  std::sort(out.begin(), out.end(), [](const SegmentFile& a, const SegmentFile& b) {
    return std::tie(a.number, a.path) < std::tie(b.number, b.path);
  });
  return out;
}

SegmentReader::SegmentReader() : zstd_(ZSTD_createDCtx(), ZSTD_freeDCtx) {}
SegmentReader::~SegmentReader() = default;

std::unique_ptr<SegmentReader> SegmentReader::open(const std::filesystem::path& path, std::string& error) {
  std::unique_ptr<SegmentReader> out(new SegmentReader);
  out->fd_.reset(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));  // a pipe would wait
  struct stat status {};
  if (!out->fd_ || ::fstat(out->fd_.get(), &status) != 0) {
    error = errno_text("cannot read " + path.string());
    return nullptr;
  }
  if (!S_ISREG(status.st_mode) || !out->zstd_) {
    error = "cannot read " + path.string() + (out->zstd_ ? ": it is no file" : ": no memory");
    return nullptr;
  }
  return out;
}

void SegmentReader::seek(uint64_t offset) {
  entries_whole_ &= offset == next_offset_;
  next_offset_ = offset;
}

SegmentReader::Step SegmentReader::next() {
  return step(true);
}

SegmentReader::Step SegmentReader::next_header() {
  return step(false);
}

SegmentReader::Step SegmentReader::step(bool with_body) {
  struct stat status {};
  offset_ = next_offset_;
  if (stuck_) {
    return Step::NotYet;
  }
  if (::fstat(fd_.get(), &status) != 0) {
    return damaged(errno_text("it cannot be read"), UINT64_MAX);
  }
  const auto size = static_cast<uint64_t>(status.st_size);
  if (size <= offset_) {
    return size == offset_ ? Step::NotYet : damaged("it was cut short", UINT64_MAX);
  }
  const size_t there = std::min<uint64_t>(kSkippableStart, size - offset_);
  if (!read_at(offset_, there, buffer_)) {
    return damaged(errno_text("it cannot be read"), UINT64_MAX);
  }
  for (const uint32_t magic : {kHeaderMagic, kHeadMagic}) {
    std::string start;
    append_number_of(start, magic);
    if (buffer_.compare(0, 4, start, 0, std::min<size_t>(4, there)) == 0) {
      if (there < kSkippableStart) {
        return Step::NotYet;
      }
      return magic == kHeaderMagic ? read_frame(size, with_body) : read_end(size);
    }
  }
  return damaged("no frame begins here", offset_ + 1);
}

/// Reads a skippable frame of at most kMaxHeader bytes at offset_ into buffer_.
SegmentReader::Step SegmentReader::read_skippable(uint64_t file_size) {
  const uint32_t magic = number_of(buffer_);
  const uint64_t wanted = kSkippableStart + uint64_t{number_of(std::string_view(buffer_).substr(4))};
  const uint64_t there = std::min<uint64_t>({wanted, kMaxHeader, file_size - offset_});
  if (!read_at(offset_, there, buffer_)) {
    return damaged(errno_text("it cannot be read"), UINT64_MAX);
  }
  if (wanted > kMaxHeader ||
      (there < wanted && holds_whole(magic, std::string_view(buffer_).substr(kSkippableStart)))) {
    return damaged("its header has another size than it says", offset_ + 1);
  }
  return there < wanted ? Step::NotYet : Step::Frame;
}

SegmentReader::Step SegmentReader::read_frame(uint64_t file_size, bool with_body) {
  if (const Step step = read_skippable(file_size); step != Step::Frame) {
    return step;
  }
  std::string sha256;
  std::optional<FrameHeader> header = read_header_frame(buffer_, sha256);
  if (!header) {
    return damaged("its header was changed", offset_ + 1);
  }
  const uint64_t body = offset_ + buffer_.size(), end = body + header->body_bytes;
  if (end > file_size) {
    return Step::NotYet;
  }
  header_ = std::move(*header);
  header_sha256_ = std::move(sha256);
  if (with_body) {
    if (!read_at(body, header_.body_bytes, body_)) {
      return damaged(errno_text("it cannot be read"), end);
    }
    if (std::string why = take_body(); !why.empty()) {
      return damaged(std::move(why), end);
    }
  }
  entries_.push_back({static_cast<uint32_t>(buffer_.size()), 0});
  entries_.push_back({kSaltFrame, 0});
  entries_.push_back(
      {static_cast<uint32_t>(header_.body_bytes - kSaltFrame), static_cast<uint32_t>(header_.text_bytes)});
  next_offset_ = end;
  return Step::Frame;
}

/// Unpacks body_, which is as long as the header says. Returns why it cannot be what was written.
std::string SegmentReader::take_body() {
  if (sha256_hex(body_) != header_.sha256) {
    return "its lines were changed: they have another SHA-256 than its header says";
  }
  const std::string_view salt = std::string_view(body_).substr(0, kSaltFrame);
  salt_ = salt.substr(kSkippableStart);
  const std::string_view packed = std::string_view(body_).substr(kSaltFrame);
  lines_.resize(header_.text_bytes);
  // The size is asked for first: zstd would go on to a second frame.
  if (salt != skippable_frame(kSaltMagic, salt_) ||
      ZSTD_findFrameCompressedSize(packed.data(), packed.size()) != packed.size() ||
      ZSTD_decompressDCtx(zstd_.get(), lines_.data(), lines_.size(), packed.data(), packed.size()) !=
          lines_.size()) {
    return "its lines cannot be unpacked";
  }
  if (!lines_.ends_with('\n') || lines_in(lines_) != header_.records) {
    return "it has another number of lines than its header says";
  }
  return {};
}

SegmentReader::Step SegmentReader::read_end(uint64_t file_size) {
  if (const Step step = read_skippable(file_size); step != Step::Frame) {
    return step;
  }
  std::string line = buffer_.substr(kSkippableStart);
  std::vector<SeekEntry> entries = entries_;
  entries.push_back({static_cast<uint32_t>(buffer_.size()), 0});
  const uint64_t table = offset_ + buffer_.size(), rest = file_size - table;
  // A table that cannot be compared, as not all frames were seen, must at least have the size that it says.
  const std::string wanted =
      entries_whole_ ? seek_table(entries) : skippable_frame(kSeekTableMagic, {}).substr(0, 4);
  const uint64_t compared = entries_whole_ ? wanted.size() : kSkippableStart;
  if (!read_at(table, std::min(rest, compared), buffer_)) {
    return damaged(errno_text("it cannot be read"), UINT64_MAX);
  }
  const uint64_t bytes = entries_whole_ || rest < compared
                             ? compared
                             : kSkippableStart + uint64_t{number_of(std::string_view(buffer_).substr(4))};
  const size_t both = std::min(wanted.size(), buffer_.size());
  if (rest > bytes || buffer_.compare(0, both, wanted, 0, both) != 0) {
    return damaged("the segment's table of frames was changed, or something follows it", UINT64_MAX);
  }
  if (rest < bytes) {
    return Step::NotYet;
  }
  head_line_ = std::move(line);
  return Step::End;
}

/// Finds the next frame, or the end, from search_from on; else nothing comes any more.
SegmentReader::Step SegmentReader::damaged(std::string why, uint64_t search_from) {
  why_ = std::move(why);
  entries_whole_ = false;
  struct stat status {};
  const uint64_t size = ::fstat(fd_.get(), &status) == 0 ? static_cast<uint64_t>(status.st_size) : 0;
  next_offset_ = size;
  stuck_ = next_offset_ <= offset_;
  while (search_from < size) {
    if (!read_at(search_from, std::min<uint64_t>(kSearchBytes, size - search_from), buffer_)) {
      break;
    }
    const std::string chunk = buffer_;
    for (size_t at = chunk.find(kMagicTail); at != std::string::npos; at = chunk.find(kMagicTail, at + 1)) {
      if (at != 0 && frame_at(search_from + at - 1, size)) {
        next_offset_ = search_from + at - 1;
        return Step::Damaged;
      }
    }
    if (chunk.size() <= kMagicTail.size()) {
      break;
    }
    search_from += chunk.size() - kMagicTail.size();  // one of them may lie across the border
  }
  return Step::Damaged;
}

/// Whether a header or an end, whole and unchanged as far as that shows by itself, begins there.
bool SegmentReader::frame_at(uint64_t offset, uint64_t file_size) {
  if (!read_at(offset, std::min<uint64_t>(kSkippableStart, file_size - offset), buffer_) ||
      buffer_.size() < kSkippableStart) {
    return false;
  }
  const uint32_t magic = number_of(buffer_);
  const uint64_t bytes = kSkippableStart + uint64_t{number_of(std::string_view(buffer_).substr(4))};
  if ((magic != kHeaderMagic && magic != kHeadMagic) || bytes > kMaxHeader || bytes > file_size - offset ||
      !read_at(offset, bytes, buffer_)) {
    return false;
  }
  std::string sha256;
  return magic == kHeadMagic ? buffer_.ends_with("\"}") : read_header_frame(buffer_, sha256).has_value();
}

/// Reads size bytes, or fails with errno set.
bool SegmentReader::read_at(uint64_t offset, size_t size, std::string& out) {
  out.resize(size);
  for (size_t done = 0; done < size;) {
    const ssize_t got = ::pread(fd_.get(), out.data() + done, size - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got <= 0) {
      errno = got == 0 ? ENODATA : errno;
      return false;
    }
    done += static_cast<size_t>(got);
  }
  return true;
}

}  // namespace sluice::control
