// accesslog: the files that hold the access log.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "control/base/unique_fd.h"

namespace sluice::control {

/// No batch of lines that is appended at once may be larger: so much is read back at start to find what is in
/// the log.
inline constexpr size_t kMaxBatchBytes = size_t{4} << 20;

/// Appends lines to `<directory>/access-YYYYMMDD.jsonl` (0640), the UTC day of writing, and syncs them. One
/// thread.
class LogWriter {
 public:
  /// Cuts off a line that a crash left unfinished, and reads back which records the log holds.
  /// Returns nullptr and says in error why the directory cannot be used.
  [[nodiscard]] static std::unique_ptr<LogWriter> open(const std::filesystem::path& directory, int64_t now_ns,
                                                       std::string& error);

  /// The highest number that the end of the log holds of a worker; 0 where there is none.
  [[nodiscard]] uint64_t last_number(uint64_t boot, uint32_t worker) const;

  /// Appends whole lines, at most kMaxBatchBytes, and syncs them to disk. Returns an empty string; or why
  /// not, and then nothing of them is in the log: call again with the same lines.
  [[nodiscard]] std::string append(std::string_view lines, int64_t now_ns);

  /// Bytes of unfinished lines that were cut off at start.
  size_t torn_bytes() const { return torn_bytes_; }

 private:
  explicit LogWriter(std::filesystem::path directory) : directory_(std::move(directory)) {}
  std::string read_back(int64_t now_ns);
  void note_numbers(std::string_view lines);
  std::string use_file_of(int64_t now_ns);

  const std::filesystem::path directory_;
  std::map<std::pair<uint64_t, uint32_t>, uint64_t> last_numbers_;
  UniqueFd file_;
  std::string file_name_;
  size_t synced_size_ = 0;
  size_t torn_bytes_ = 0;
};

/// The name of the log file of a day, `access-20261123.jsonl`.
[[nodiscard]] std::string log_file_name(int64_t now_ns);

}  // namespace sluice::control
