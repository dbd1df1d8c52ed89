// control/evidence: writes a .tar.zst, and remembers what is in it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

struct archive;

namespace sluice::control {

/// A file of the archive.
struct ArchivedFile {
  std::string path;  ///< within the archive's folder
  std::string sha256;
  uint64_t bytes = 0;
};

/// Told of the bytes that were copied; false stops.
using MoreBytes = std::function<bool(uint64_t bytes)>;

/// One thread. Holds no more of a file than a block.
class ArchiveWriter {
 public:
  /// fd: of the file that is written, outlives this. folder: in which all files lie. utc_s: what they bear as
  /// their time. Returns nullptr, with error.
  [[nodiscard]] static std::unique_ptr<ArchiveWriter> open(int fd, std::string folder, int64_t utc_s,
                                                           std::string& error);

  /// Each returns an empty string, or why it cannot be written.
  [[nodiscard]] std::string add(const std::string& path, std::string_view text);
  /// The next bytes of a file; one that has not so many is an error.
  [[nodiscard]] std::string add_file(const std::string& path, int from, uint64_t bytes,
                                     const MoreBytes& more);
  [[nodiscard]] std::string finish();

  /// In the order in which they were written.
  const std::vector<ArchivedFile>& files() const { return files_; }
  const std::string& folder() const { return folder_; }
  [[nodiscard]] bool has(std::string_view path) const;

 private:
  struct Free {
    void operator()(archive* which) const;
  };
  ArchiveWriter(std::unique_ptr<archive, Free> out, std::string folder, int64_t utc_s);
  std::string begin(const std::string& path, uint64_t bytes);
  std::string put(std::string_view bytes);
  std::string failed() const;

  const std::unique_ptr<archive, Free> archive_;
  const std::string folder_;
  const int64_t utc_s_;
  std::vector<ArchivedFile> files_;
};

/// A name that any system can have: letters, digits, dots, - and _; others become _.
[[nodiscard]] std::string plain_name(std::string_view name);

}  // namespace sluice::control
