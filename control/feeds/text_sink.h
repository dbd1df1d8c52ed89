// control/feeds: what is being fetched, on disk.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "control/base/sha256.h"
#include "control/base/unique_fd.h"

namespace sluice::control {

/// A temporary file that goes with this object, unless it was renamed.
class TextSink {
 public:
  explicit TextSink(std::filesystem::path path);
  ~TextSink();
  TextSink(const TextSink&) = delete;
  TextSink& operator=(const TextSink&) = delete;

  /// Returns false where it cannot be written; problem() says why.
  [[nodiscard]] bool write(std::string_view bytes);
  /// Syncs it. Returns false likewise.
  [[nodiscard]] bool finish();

  const std::filesystem::path& path() const { return path_; }
  const std::string& problem() const { return problem_; }
  uint64_t size() const { return size_; }
  /// Of all bytes; after finish.
  const std::string& sha256() const { return sha256_; }

 private:
  const std::filesystem::path path_;
  UniqueFd fd_;
  Sha256 sum_;
  uint64_t size_ = 0;
  std::string sha256_, problem_;
};

}  // namespace sluice::control
