// control/cli: the file of a policy directory that `sluicectl except` writes.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::control {

/// Its name within the directory.
inline constexpr std::string_view kExceptionFile = "exceptions-sluicectl.yaml";
/// More of them at once are no exceptions; a policy file of one's own takes any number.
inline constexpr size_t kMaxWrittenExceptions = 1000;
inline constexpr size_t kMaxNoteBytes = 500;

/// An exception as it stands there.
struct WrittenException {
  std::string name;
  std::vector<std::string> from, to;
  std::string owner, ticket;
  std::string expires;  ///< 2026-12-31T18:00, as the site's clocks show it
  std::string note;     ///< who wrote it, and why; one line
};

/// Reads what write_exceptions made: one JSON object, which is YAML too, a line. Returns nothing, with error,
/// where text is something else, as after an edit by hand: it is not to be lost.
[[nodiscard]] std::optional<std::vector<WrittenException>> read_exceptions(std::string_view text,
                                                                           std::string& error);
/// The text of the file.
[[nodiscard]] std::string write_exceptions(const std::vector<WrittenException>& exceptions);

/// The bytes of a file, to be put back.
class KeptFile {
 public:
  explicit KeptFile(std::filesystem::path path) : path_(std::move(path)) {}

  /// Returns an empty string, or why the file cannot be read; one that is not there is none.
  [[nodiscard]] std::string read();
  /// Empty where there is no file.
  const std::string& text() const { return text_; }
  /// Puts text in its place, whole or not at all, for all to read; an empty one removes it. Returns an empty
  /// string, or why not.
  [[nodiscard]] std::string replace(const std::string& text) const;
  /// As it was read.
  [[nodiscard]] std::string restore() const { return replace(text_); }

 private:
  std::filesystem::path path_;
  std::string text_;
};

}  // namespace sluice::control
