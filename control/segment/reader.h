// control/segment: reads the segments of an access log.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "control/base/unique_fd.h"
#include "control/segment/form.h"

struct ZSTD_DCtx_s;

namespace sluice::control {

struct SegmentFile {
  uint64_t number = 0;
  std::filesystem::path path;
};

/// The segments of a log's directory, by number. Returns nothing and says in error why it cannot be read.
[[nodiscard]] std::vector<SegmentFile> list_segments(const std::filesystem::path& directory,
                                                     std::string& error);

/// Reads one segment, frame by frame; also one that is being written. One thread.
class SegmentReader {
 public:
  enum class Step : uint8_t {
    Frame,    ///< header() and the rest speak of a frame that is whole and fits its header
    End,      ///< the segment is closed: head_line()
    NotYet,   ///< the file ends here, or in the middle of what begins here: it is being written, or was torn
    Damaged,  ///< why(); next() goes on at the next frame that can be found
  };

  /// Returns nullptr and says in error why it cannot be read.
  [[nodiscard]] static std::unique_ptr<SegmentReader> open(const std::filesystem::path& path,
                                                           std::string& error);
  ~SegmentReader();
  SegmentReader(const SegmentReader&) = delete;
  SegmentReader& operator=(const SegmentReader&) = delete;

  /// After NotYet it looks again whether more came.
  [[nodiscard]] Step next();
  /// The header alone, the body is passed over unread: neither its SHA-256 nor its lines are checked.
  [[nodiscard]] Step next_header();
  /// What comes next is read from there; offset: of a frame's first byte.
  void seek(uint64_t offset);

  const FrameHeader& header() const { return header_; }
  const std::string& header_sha256() const { return header_sha256_; }
  /// Of the frame, of the end or of the damage that next() told of.
  uint64_t offset() const { return offset_; }
  /// Of what follows it.
  uint64_t next_offset() const { return next_offset_; }
  /// The frame's salt and lines, each line with its line feed. Valid until next().
  std::string_view salt() const { return salt_; }
  std::string_view lines() const { return lines_; }
  const std::string& head_line() const { return head_line_; }
  const std::string& why() const { return why_; }

 private:
  SegmentReader();
  Step step(bool with_body);
  Step read_frame(uint64_t file_size, bool with_body);
  Step read_end(uint64_t file_size);
  Step damaged(std::string why, uint64_t search_from);
  Step read_skippable(uint64_t file_size);
  bool frame_at(uint64_t offset, uint64_t file_size);
  bool read_at(uint64_t offset, size_t size, std::string& out);
  std::string take_body();

  UniqueFd fd_;
  std::unique_ptr<ZSTD_DCtx_s, size_t (*)(ZSTD_DCtx_s*)> zstd_;
  uint64_t offset_ = 0, next_offset_ = 0;
  FrameHeader header_;
  std::string header_sha256_, head_line_, why_;
  std::string buffer_, body_, lines_;
  std::string_view salt_;
  std::vector<SeekEntry> entries_;  ///< of what was read so far, to hold the seek table against
  bool entries_whole_ = true;       ///< nothing was skipped by seek or damage
  bool stuck_ = false;              ///< after damage that nothing can be found behind
};

}  // namespace sluice::control
