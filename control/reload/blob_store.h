// control/reload: files that are kept under their SHA-256, compressed.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <set>
#include <string>
#include <string_view>

namespace sluice::control {

/// `<sha256>.zst`, a Zstandard frame each. What several policies have in common is kept once. Used by control
/// and by its compiler at once: a blob is put in place by a rename, and never changed.
class BlobStore {
 public:
  /// A blob that nobody names yet is left alone for so long: a policy may be about to name it.
  static constexpr std::chrono::seconds kUnnamedFor{300};

  explicit BlobStore(std::filesystem::path directory) : directory_(std::move(directory)) {}

  /// Keeps bytes, synced, if they are not there. sha256: theirs. Returns an empty string, or why not.
  [[nodiscard]] std::string put(const std::string& sha256, std::string_view bytes) const;
  /// True where it is there; then it counts as new (see kUnnamedFor).
  [[nodiscard]] bool touch(const std::string& sha256) const;
  /// Whether it is there and may be read.
  [[nodiscard]] bool has(const std::string& sha256) const;
  /// Reads a blob of so many bytes. Returns an empty string, or why it is not to be had: missing, damaged,
  /// another size. size: of what the history says; nothing larger is unpacked.
  [[nodiscard]] std::string get(const std::string& sha256, uint64_t size, std::string& bytes) const;
  /// Deletes what is not in named and is older than kUnnamedFor.
  void prune(const std::set<std::string>& named) const;

 private:
  std::filesystem::path path_of(const std::string& sha256) const { return directory_ / (sha256 + ".zst"); }
  const std::filesystem::path directory_;
};

}  // namespace sluice::control
