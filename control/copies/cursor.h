// control/copies: reads the access log onwards from a place, through all its segments.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "control/copies/checkpoint.h"
#include "control/copies/segment_list.h"
#include "control/segment/reader.h"

namespace sluice::control {

/// What a cursor met that is no frame.
struct CursorNews {
  enum class Kind : uint8_t {
    Missed,   ///< segments were deleted before they were read
    Damaged,  ///< something of a segment cannot be read, and is passed over
    Again,    ///< the log is not the one that was read before: lines come again
  };
  Kind kind = Kind::Damaged;
  uint64_t segments = 0, records = 0;  ///< of Missed; records: as far as heads.jsonl knows them
  std::string what;                    ///< for people
};

/// Goes through the frames of the log, of closed segments and of the one that is being written. It may be
/// anywhere in the log and misses nothing of what is there: a segment is left only when its end was read, or
/// a newer one was there before nothing more came. One thread.
class Cursor {
 public:
  enum class Step : uint8_t {
    Frame,  ///< lines() and header()
    Idle,   ///< all was read that is there
    Failed  ///< error()
  };
  using TakeNews = std::function<void(const CursorNews&)>;

  /// segments: outlives it, and may serve others of the same thread.
  Cursor(SegmentList& segments, TakeNews take_news) : segments_(segments), take_news_(std::move(take_news)) {}

  /// The next frame is the first one behind place.
  void seek(const LogPlace& place);
  /// with_lines: else the header alone is read, and its lines are not there.
  [[nodiscard]] Step next(bool with_lines);

  /// Behind the frame that next() told of.
  const LogPlace& place() const { return place_; }
  const FrameHeader& header() const { return reader_->header(); }
  std::string_view lines() const { return reader_->lines(); }
  const std::string& error() const { return error_; }

  /// Bytes of the log's files behind a place. Returns 0 where the directory cannot be read.
  [[nodiscard]] static uint64_t bytes_behind(SegmentList& segments, const LogPlace& place);

 private:
  bool open();
  bool open_file(const SegmentFile& file);
  bool go_on(const std::vector<SegmentFile>& files);
  void tell_missed(uint64_t next);
  void tell(CursorNews::Kind kind, std::string what);
  bool shrunk() const;

  SegmentList& segments_;
  const TakeNews take_news_;
  LogPlace place_;
  std::unique_ptr<SegmentReader> reader_;
  std::filesystem::path path_;  ///< of what reader_ reads
  std::string error_;
};

}  // namespace sluice::control
