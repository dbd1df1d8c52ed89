// control/copies: the segments of the log, listed again only where something changed.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "control/segment/reader.h"

namespace sluice::control {

/// Half a year of a log is thousands of files, and a copy looks for a new one each second: the directory is
/// read only where its time of change is another one, or so young that more may have changed within it.
class SegmentList {
 public:
  explicit SegmentList(std::filesystem::path log) : log_(std::move(log)) {}
  virtual ~SegmentList() = default;
  SegmentList(const SegmentList&) = delete;
  SegmentList& operator=(const SegmentList&) = delete;

  /// By number; valid until the next call. Where the directory cannot be read, nothing, and error() says why.
  [[nodiscard]] virtual const std::vector<SegmentFile>& files();
  const std::string& error() const { return error_; }
  const std::filesystem::path& log() const { return log_; }

 private:
  const std::filesystem::path log_;
  std::vector<SegmentFile> files_;
  int64_t changed_ns_ = 0;  ///< the directory's time of change, as files_ has it; 0: not to be relied on
  std::string error_;
};

}  // namespace sluice::control
