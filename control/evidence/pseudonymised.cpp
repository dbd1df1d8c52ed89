// control/evidence: a segment's lines with pseudonyms in place of people.
#include "control/evidence/pseudonymised.h"

#include <fcntl.h>
#include <unistd.h>
#include <zstd.h>

#include <memory>
#include <string_view>

#include "control/base/files.h"
#include "control/segment/reader.h"

namespace sluice::control {
namespace {

constexpr std::string_view kWithheld = R"({"sluice":{"withheld":true}})";

/// Packs what comes into a file.
class PackedFile {
 public:
  explicit PackedFile(int fd)
      : fd_(fd), zstd_(ZSTD_createCCtx(), ZSTD_freeCCtx), room_(ZSTD_CStreamOutSize(), '\0') {}
  bool put(std::string_view text, bool last) {
    ZSTD_inBuffer in{text.data(), text.size(), 0};
    for (size_t left = 1; zstd_ && (last ? left != 0 : in.pos != in.size);) {
      ZSTD_outBuffer packed{room_.data(), room_.size(), 0};
      left = ZSTD_compressStream2(zstd_.get(), &packed, &in, last ? ZSTD_e_end : ZSTD_e_continue);
      if (ZSTD_isError(left) != 0U || !write_all(fd_, std::string_view(room_.data(), packed.pos))) {
        return false;
      }
      bytes_ += packed.pos;
    }
    return static_cast<bool>(zstd_);
  }
  uint64_t bytes() const { return bytes_; }

 private:
  const int fd_;
  const std::unique_ptr<ZSTD_CCtx, size_t (*)(ZSTD_CCtx*)> zstd_;
  std::string room_;
  uint64_t bytes_ = 0;
};

/// All lines of a frame, made anew.
std::string remade(std::string_view rest, const Pseudonyms& pseudonyms, uint64_t& withheld) {
  std::string out;
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(line.size() + 1);
    const std::optional<std::string> made = pseudonyms.line(line);
    withheld += !made;
    out += made ? std::string_view(*made) : kWithheld;
    out += '\n';
  }
  return out;
}

}  // namespace

std::string pseudonymise(const std::filesystem::path& segment, const Pseudonyms& pseudonyms,
                         const std::filesystem::path& near, const SegmentProgress& progress,
                         PseudonymisedSegment& out) {
  std::string error;
  const auto reader = SegmentReader::open(segment, error);
  if (!reader) {
    return error;
  }
  out.lines.reset(::open(near.c_str(), O_RDWR | O_TMPFILE | O_CLOEXEC, 0600));
  out.headers.reset(::open(near.c_str(), O_RDWR | O_TMPFILE | O_CLOEXEC, 0600));
  if (!out.lines || !out.headers) {
    return errno_text("cannot make a file in " + near.string());
  }
  PackedFile packed(out.lines.get());
  const auto put_header = [&](const std::string& text) {
    out.headers_bytes += text.size() + 1;
    return write_all(out.headers.get(), text + "\n");
  };
  for (;;) {
    const SegmentReader::Step step = reader->next();
    if (step == SegmentReader::Step::Damaged) {
      ++out.damaged;
      continue;
    }
    if (step != SegmentReader::Step::Frame) {
      const bool whole = step != SegmentReader::Step::End || put_header(reader->head_line());
      if (!whole || !packed.put({}, true) || ::lseek(out.lines.get(), 0, SEEK_SET) != 0 ||
          ::lseek(out.headers.get(), 0, SEEK_SET) != 0) {
        return errno_text("cannot write what is made of " + segment.filename().string());
      }
      out.lines_bytes = packed.bytes();
      return {};
    }
    if (!put_header(header_text(reader->header())) ||
        !packed.put(remade(reader->lines(), pseudonyms, out.withheld), false)) {
      return errno_text("cannot write what is made of " + segment.filename().string());
    }
    if (progress && !progress(reader->next_offset())) {
      return "stopped before the end";
    }
  }
}

}  // namespace sluice::control
