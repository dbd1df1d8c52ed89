// control/registry: files that others write, read again when they have changed.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace sluice::control {

inline constexpr size_t kMaxIdentityFile = size_t{256} << 20;  ///< bytes; a larger one is not read
inline constexpr size_t kMaxIdentityFiles = 64;                ///< of one pattern; those that sort first

struct FileText {
  std::string path, text;
  int64_t written_ns = 0;
};

/// The files that fit a path, whose last part may have `*` in it. Looked at by their names, so one that is
/// replaced by renaming is another one.
class WatchedFiles {
 public:
  explicit WatchedFiles(std::string pattern) : pattern_(std::move(pattern)) {}

  /// Whether anything has changed since the last call; the first time it has. Then out has all of them that
  /// could be read, and error the first reason why one could not; empty: all could.
  [[nodiscard]] bool look(std::vector<FileText>& out, std::string& error);
  const std::string& pattern() const { return pattern_; }

 private:
  struct Stamp {
    std::string path;
    dev_t device = 0;
    ino_t inode = 0;
    int64_t changed_ns = 0, size = 0;
    bool operator==(const Stamp&) const = default;
  };
  std::vector<Stamp> stamps() const;

  std::string pattern_;
  std::vector<Stamp> last_;
  bool looked_ = false;
};

}  // namespace sluice::control
