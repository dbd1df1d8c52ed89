// control/sealed: a file of lines that cannot be altered unnoticed.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "control/base/unique_fd.h"
#include "control/sealed/signing_key.h"

namespace sluice::control {

/// What reading a sealed file from its first byte to its last has found.
struct SealedFindings {
  static constexpr size_t kMaxProblems = 100;  ///< further ones are counted

  uint64_t lines = 0;                 ///< whole ones
  uint64_t signed_lines = 0;          ///< those that bear a signature: not of the old form
  uint64_t torn_bytes = 0;            ///< of a last line that a crash cut
  std::vector<std::string> problems;  ///< each with its line
  uint64_t problem_count = 0;
  bool unrecorded = false;   ///< one of them is newer than the last line that says that something was altered
  uint64_t last_number = 0;  ///< of the last line, as it says itself
  uint64_t head_number = 0;  ///< of the last line, as the signed head says
  std::string last_sha256;   ///< what the next line has to follow
};

using TakeLine = std::function<void(std::string_view line)>;

/// The four files of a sealed one: its lines, the signed head that says which line is the last one, and the
/// key's.
struct SealedPaths {
  std::filesystem::path lines, head, key, public_key;
};
/// `history.jsonl`, `history.head`, `history.key` and `history.pub` of control's state directory.
[[nodiscard]] SealedPaths history_paths(const std::filesystem::path& state);

/// Reads the lines and the head. take: is called for every whole line of at most kMaxSealedLine bytes; may be
/// empty. Returns an empty string, or why the files cannot be read.
[[nodiscard]] std::string read_sealed(const SealedPaths& paths, const SigningKey& key, const TakeLine& take,
                                      SealedFindings& findings);

inline constexpr size_t kMaxSealedLine = size_t{16} << 20;

/// A sealed file, to be written on. Each line names the SHA-256 of the one before it and bears a signature;
/// the head says, signed, which line is the last one.
class SealedFile {
 public:
  /// Reads and verifies what is there, cuts a torn line off, and writes down, as a line of its own, that
  /// something was altered. name: what the daemon's own log calls it. Returns nullptr, with error.
  [[nodiscard]] static std::unique_ptr<SealedFile> open(const SealedPaths& paths, std::string name,
                                                        const TakeLine& take, std::string& error);

  /// Adds a line, synced. Any thread. line: an object. written: where not nullptr, the line as it stands in
  /// the file, without line feed. Returns an empty string, or why it is not written.
  [[nodiscard]] std::string append(nlohmann::json line, std::string* written = nullptr);

  const std::string& fingerprint() const { return key_->fingerprint(); }
  /// What was found at the start.
  const SealedFindings& findings() const { return findings_; }

 private:
  SealedFile(SealedPaths paths, std::string name) : paths_(std::move(paths)), name_(std::move(name)) {}
  std::string open_files(const TakeLine& take);
  std::string write_head();
  std::string write_line(const std::string& text);
  void note_altered(std::vector<std::string> what);

  const SealedPaths paths_;
  const std::string name_;
  std::unique_ptr<SigningKey> key_;
  UniqueFd file_, head_;
  SealedFindings findings_;
  uint64_t size_ = 0;               ///< of the file, as this process left it
  std::recursive_mutex appending_;  ///< append writes down what was altered by itself
};

}  // namespace sluice::control
