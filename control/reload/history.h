// control/reload: a file of lines that cannot be altered unnoticed.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "control/base/unique_fd.h"
#include "control/reload/signing_key.h"

namespace sluice::control {

/// What reading a history from its first byte to its last has found.
struct HistoryFindings {
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

/// Reads `history.jsonl` and `history.head` of a directory. take: is called for every whole line of at most
/// kMaxHistoryLine bytes; may be empty. Returns an empty string, or why the files cannot be read.
[[nodiscard]] std::string read_history(const std::filesystem::path& directory, const SigningKey& key,
                                       const TakeLine& take, HistoryFindings& findings);

inline constexpr size_t kMaxHistoryLine = size_t{16} << 20;

/// The history, to be written on. Each line names the SHA-256 of the one before it and bears a signature; the
/// head says, signed, which line is the last one.
class History {
 public:
  /// Reads and verifies what is there, cuts a torn line off, and writes down, as a line of its own, that
  /// something was altered. Returns nullptr, with error.
  [[nodiscard]] static std::unique_ptr<History> open(const std::filesystem::path& directory,
                                                     const TakeLine& take, std::string& error);

  /// Adds a line, synced. line: an object. Returns an empty string, or why it is not written.
  [[nodiscard]] std::string append(nlohmann::json line);

  const std::string& fingerprint() const { return key_->fingerprint(); }
  /// What was found at the start.
  const HistoryFindings& findings() const { return findings_; }

 private:
  explicit History(std::filesystem::path directory) : directory_(std::move(directory)) {}
  std::string open_files(const TakeLine& take);
  std::string write_head();
  std::string write_line(const std::string& text);
  void note_altered(std::vector<std::string> what);

  const std::filesystem::path directory_;
  std::unique_ptr<SigningKey> key_;
  UniqueFd file_, head_;
  HistoryFindings findings_;
  uint64_t size_ = 0;  ///< of the file, as this process left it
};

}  // namespace sluice::control
