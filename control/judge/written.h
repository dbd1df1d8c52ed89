// control/judge: a policy as people wrote it, to say where something stands.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "control/judge/judge.h"
#include "control/policy/policy_compiler.h"
#include "control/policy/policy_source.h"

namespace sluice::control {

/// Where something stands.
struct Place {
  std::string file;
  int line = 0, column = 0;  ///< from 1; 0: the file as a whole
  std::string entry;         ///< of a list: as it is written, or the whole line of a list file
};
/// `file:line`.
[[nodiscard]] std::string to_string(const Place& place);

/// The sources of a policy, parsed. Immutable.
class WrittenPolicy {
 public:
  /// Reads a directory. Returns nullptr where nothing in it can be read.
  [[nodiscard]] static std::shared_ptr<const WrittenPolicy> of_directory(
      const std::filesystem::path& directory, const std::filesystem::path& feeds);
  /// read: of the list files, which are read when they are needed.
  [[nodiscard]] static std::shared_ptr<const WrittenPolicy> of_texts(std::vector<SourceText> texts,
                                                                     const std::filesystem::path& directory,
                                                                     const std::filesystem::path& feeds,
                                                                     ReadListFile read);

  const PolicySource& source() const { return source_; }
  const std::vector<SourceText>& texts() const { return texts_; }

  /// `file:line:column` of a place in the sources.
  [[nodiscard]] std::string text_of(Position at) const { return report_.text_of(at); }

  /// Compiles it, as it is said here.
  [[nodiscard]] Compiled compile() const;

  /// Where the rule, exception or tunnel stands.
  [[nodiscard]] std::optional<Place> rule(std::string_view name) const;
  /// The entry by which a list (an office, a literal of the rule) takes the question: that of the longest
  /// name, else of the longest prefix, else the first pattern. Reads list files line by line.
  [[nodiscard]] std::optional<Place> entry(std::string_view list, std::string_view rule,
                                           const Question& question) const;

  /// The files of a list, its feed's copy too, each with its format.
  struct File {
    std::string path;
    ListFormat format;
  };
  [[nodiscard]] std::vector<File> files_of(const ListSource& list) const;
  /// Reads one of them; false, and why.
  [[nodiscard]] bool read(const std::string& path, std::string& text, std::string& error) const {
    return read_(path, text, error);
  }

 private:
  WrittenPolicy() = default;
  [[nodiscard]] Place place_of(Position at, std::string entry = {}) const;

  PolicySource source_;
  Report report_;
  std::vector<SourceText> texts_;
  std::filesystem::path directory_, feeds_;
  ReadListFile read_;
};

}  // namespace sluice::control
