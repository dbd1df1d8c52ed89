// control/segment: how a frame of the access log, and the end of a segment, are written.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::control {

// A segment is a sequence of frames, then, once it is closed, its end. All of it is what RFC 8878 calls
// frames, so zstd reads the lines and passes over the rest:
//   frame  a skippable frame with the header (JSON, its SHA-256), one with 32 bytes of salt, a zstd frame of
//          whole lines
//   end    a skippable frame with the signed line of heads.jsonl about this segment, one with the seek table
//   of
//          zstd's seekable format

inline constexpr uint32_t kHeaderMagic = 0x184D2A50, kSaltMagic = 0x184D2A51, kHeadMagic = 0x184D2A52;
inline constexpr uint32_t kSeekTableMagic = 0x184D2A5E, kSeekTableEndMagic = 0x8F92EAB1,
                          kZstdMagic = 0xFD2FB528;
inline constexpr size_t kSkippableStart = 8;  ///< bytes of magic and size before what is in a skippable frame
inline constexpr size_t kSaltBytes = 32;

/// No frame holds more bytes of lines, nor a longer line; so much is reserved to read one.
inline constexpr size_t kMaxFrameText = size_t{4} << 20;
inline constexpr size_t kMaxLogLine = size_t{64} << 10;
inline constexpr size_t kMaxHeader = size_t{64} << 10;
/// Compressed, what cannot be compressed has a little more than its own size (zstd's ZSTD_COMPRESSBOUND).
inline constexpr size_t kMaxFrameBody = kMaxFrameText + (kMaxFrameText >> 8) + 1024;
/// Workers whose last numbers a segment remembers; of those that were heard of longest ago nothing is kept.
inline constexpr size_t kMaxWorkersKnown = 256;

/// The highest number that is in the log of a worker since a start of its data plane.
struct WorkerNumber {
  uint64_t boot = 0;
  uint32_t worker = 0;
  uint64_t last = 0;
  bool operator==(const WorkerNumber&) const = default;
};
using WorkerNumbers = std::vector<WorkerNumber>;  ///< those heard of last stand last; each pair once

/// Sets one, as the one heard of last.
void set_number(WorkerNumbers& numbers, const WorkerNumber& number);

/// What stands before the lines of a frame.
struct FrameHeader {
  uint64_t segment = 0;  ///< from 1
  uint64_t frame = 0;    ///< from 0 in each segment
  std::string previous;  ///< SHA-256 of the header before it, in hexadecimal digits; zeros before the first
  uint64_t records = 0;  ///< lines
  int64_t first_ns = 0, last_ns = 0;  ///< least and greatest time of their records, UTC since 1970
  uint64_t text_bytes = 0;            ///< of the lines
  uint64_t body_bytes = 0;            ///< of the salt's frame and zstd's
  std::string sha256;                 ///< of those two
  std::string root;                   ///< Merkle root of the lines, see merkle.h
  WorkerNumbers numbers;  ///< of the workers whose records are here; in frame 0, of all that are known
  bool operator==(const FrameHeader&) const = default;
};

/// The skippable frame with the header. sha256: of the header, what the next one has as previous.
[[nodiscard]] std::string header_frame(const FrameHeader& header, std::string& sha256);
/// The inverse. Nothing where frame is not, byte by byte, what header_frame writes.
[[nodiscard]] std::optional<FrameHeader> read_header_frame(std::string_view frame, std::string& sha256);

/// The header as it is hashed: JSON.
[[nodiscard]] std::string header_text(const FrameHeader& header);
/// The inverse. Nothing where text is not, byte by byte, what header_text writes.
[[nodiscard]] std::optional<FrameHeader> read_header_text(std::string_view text);

/// A skippable frame around content.
[[nodiscard]] std::string skippable_frame(uint32_t magic, std::string_view content);
/// A little-endian number of four bytes; text: at least so many.
[[nodiscard]] uint32_t number_of(std::string_view text);
void append_number_of(std::string& out, uint32_t number);

/// One entry of the seek table: every frame of the file, zstd's and skippable ones, has one, in order.
struct SeekEntry {
  uint32_t file_bytes = 0, text_bytes = 0;
};
[[nodiscard]] std::string seek_table(const std::vector<SeekEntry>& entries);

/// `access-20261123T040000Z-0000000017.jsonl.zst`; opened_ns: UTC since 1970.
[[nodiscard]] std::string segment_name(uint64_t number, int64_t opened_ns);
/// Its number; nothing where name is no segment's.
[[nodiscard]] std::optional<uint64_t> segment_number(std::string_view name);

}  // namespace sluice::control
