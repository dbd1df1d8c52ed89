// control/policy: what is wrong with a policy, where, and what would be right.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::control {

enum class Severity : uint8_t {
  Error,
  Warning
};

/// One problem of a policy. line and column count from 1; line is 0 where the problem is the whole file's.
struct Diagnostic {
  std::string file;
  int line = 0, column = 0;
  Severity severity = Severity::Error;
  std::string what;
  std::string instead;  ///< what would be right; may be empty
};
using Diagnostics = std::vector<Diagnostic>;

/// `file:line:column: what; what would be right`, with `warning: ` before `what` where it is one.
std::string to_string(const Diagnostic& diagnostic);

/// A place in one of the files of a Report.
struct Position {
  uint32_t file = 0;
  int line = 0, column = 0;
};

/// Collects every problem of one policy, and knows the names of its files.
class Report {
 public:
  static constexpr size_t kMaxErrors = 1000;  ///< further problems are counted, not kept
  static constexpr size_t kMaxWarnings = 1000;

  /// Returns the index that positions in this file bear. Problems are sorted in the order of these indices.
  uint32_t add_file(std::string_view name);
  const std::string& file_name(uint32_t file) const { return files_[file]; }

  void error(Position at, std::string what, std::string instead = {});
  void warn(Position at, std::string what, std::string instead = {});
  /// Adds what another report found in this file.
  void add(uint32_t file, const Diagnostics& problems);
  bool failed() const { return errors_ > 0; }

  /// `file:line:column`, to point from one problem to another place.
  std::string text_of(Position at) const;

  /// Hands all problems out: in the order of the files, then of lines and columns.
  Diagnostics finish();

 private:
  void keep(Severity severity, Position at, std::string what, std::string instead);

  std::vector<std::string> files_;
  std::vector<std::pair<Position, Diagnostic>> kept_;
  size_t errors_ = 0, warnings_ = 0;
};

/// word in single quotes, cut to a readable length; what is not printable UTF-8 is shown as '?'.
std::string in_quotes(std::string_view word);

/// `a, b or c`.
std::string alternatives(std::span<const std::string_view> words);

/// The candidate with the smallest edit distance to word; empty where none is near.
std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates);

}  // namespace sluice::control
