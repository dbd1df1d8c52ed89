// control/segment: writes the segments of an access log.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "control/base/unique_fd.h"
#include "control/sealed/sealed_file.h"
#include "control/segment/reader.h"

struct ZSTD_CCtx_s;

namespace sluice::control {

/// `heads.jsonl`, `heads.head` and `log.pub` of the log's directory, `log.key` of control's state directory.
[[nodiscard]] SealedPaths heads_paths(const std::filesystem::path& log, const std::filesystem::path& state);

/// Lines that become one frame, with what its header says of them.
struct LogBatch {
  std::string lines;  ///< whole ones, at most kMaxFrameText bytes
  uint64_t records = 0;
  int64_t first_ns = INT64_MAX, last_ns = INT64_MIN;
  WorkerNumbers numbers;

  bool empty() const { return lines.empty(); }
  /// A line of time_ns was appended to lines.
  void note(int64_t time_ns, const WorkerNumber& number);
  /// A line that stands in lines already stands for a record of time_ns too.
  void note_repeat(int64_t time_ns, const WorkerNumber& number);
};

/// When a segment is closed.
struct SegmentLimits {
  uint64_t bytes = uint64_t{256} << 20;
  std::chrono::seconds age{3600};
};

/// Appends frames and syncs them. One thread.
class SegmentWriter {
 public:
  struct Counts {
    uint64_t text_bytes = 0, file_bytes = 0;  ///< synced by this process
    uint64_t closed = 0;                      ///< segments
  };

  /// Opens the log: reads back the last segment, cuts off what a crash left half written, ends it where only
  /// its end is missing. log: made where it is not there; state: holds the key. Returns nullptr and says in
  /// error why it cannot be used.
  [[nodiscard]] static std::unique_ptr<SegmentWriter> open(const std::filesystem::path& log,
                                                           const std::filesystem::path& state,
                                                           SegmentLimits limits, std::string& error);
  ~SegmentWriter();

  /// Writes the batch as one frame and syncs it. Returns an empty string; or why not, and then nothing of it
  /// is in the log: call again with the same batch.
  [[nodiscard]] std::string append(const LogBatch& batch, int64_t now_ns);
  /// Closes the segment where it is old enough. Returns an empty string, or why not; call it again later.
  [[nodiscard]] std::string tick(int64_t now_ns);
  /// Ends the segment with its signed head, where one is open.
  [[nodiscard]] std::string close(int64_t now_ns);

  /// The highest number that the log holds of a worker; 0 where there is none.
  [[nodiscard]] uint64_t last_number(uint64_t boot, uint32_t worker) const;
  /// Whether it holds any record of that start of the data plane.
  [[nodiscard]] bool knows(uint64_t boot) const;
  /// The time of the last record before this process, where the log was not closed in good order; 0 else.
  int64_t broken_off_ns() const { return broken_off_ns_; }
  const std::string& fingerprint() const { return heads_->fingerprint(); }
  SealedFile& heads() { return *heads_; }
  const Counts& counts() const { return counts_; }
  const std::filesystem::path& directory() const { return log_; }

 private:
  /// The segment that is being written.
  struct Open {
    uint64_t frames = 0, size = 0, records = 0, text_bytes = 0;
    int64_t first_ns = INT64_MAX, last_ns = INT64_MIN;
    std::vector<SeekEntry> entries;
  };
  struct Frame {
    FrameHeader header;
    std::string sha256;  ///< of the header
    std::string start, body;
  };

  SegmentWriter(std::filesystem::path log, SegmentLimits limits);
  std::string read_back(const std::filesystem::path& state);
  std::string read_back_file(const SegmentFile& file, const std::string& line);
  std::string mend_end(const SegmentFile& file, const std::string& line, const std::string& why,
                       uint64_t damage, uint64_t whole);
  std::string check_file(int64_t now_ns);
  std::string begin_segment(int64_t now_ns);
  bool make_frame(const LogBatch& batch, Frame& out);
  std::string write(const std::string& bytes);
  void note_frame(const FrameHeader& header, const std::string& sha256, uint64_t start_bytes);
  bool due(int64_t now_ns) const;
  std::string write_end();
  void leave_segment();
  std::string abandon(uint64_t offset, const std::string& why, int64_t now_ns);

  const std::filesystem::path log_;
  const SegmentLimits limits_;
  std::unique_ptr<SealedFile> heads_;
  std::unique_ptr<ZSTD_CCtx_s, size_t (*)(ZSTD_CCtx_s*)> zstd_;
  std::string packed_;  ///< room for what zstd makes; kept, as new pages cost more than packing into old ones
  WorkerNumbers known_;
  int64_t broken_off_ns_ = 0;
  Counts counts_;
  uint64_t segment_ = 0;  ///< number of the open segment, or of the last one
  std::string previous_;  ///< SHA-256 of the last header
  UniqueFd file_;         ///< empty where no segment is open
  std::filesystem::path path_;
  Open open_;
  std::string
      end_line_;  ///< the segment's signed line, where it stands in heads.jsonl and not yet in the segment
};

}  // namespace sluice::control
