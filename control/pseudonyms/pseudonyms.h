// control/pseudonyms: lines of the log with pseudonyms in place of people.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "control/base/sha256.h"

namespace sluice::control {

/// Replaces who is meant by a keyed pseudonym: the same person has the same one in every line that a
/// recipient gets, and another one for another recipient. Without the key, which never leaves control's state
/// directory, it can be neither undone nor guessed at.
class Pseudonyms {
 public:
  explicit Pseudonyms(const Sha256Bytes& key) : key_(key) {}

  /// key_file: 32 bytes as hexadecimal digits; made, 0600 and synced, where there is none. recipient: who
  /// gets them. Returns nullptr, with error, also where key_file holds something else: it is never replaced.
  [[nodiscard]] static std::unique_ptr<const Pseudonyms> open_or_make(const std::filesystem::path& key_file,
                                                                      const std::string& recipient,
                                                                      std::string& error);

  /// `p-` and 32 hexadecimal digits. kind: what text is, so that an address and a name of the same text
  /// differ.
  [[nodiscard]] std::string of(std::string_view kind, std::string_view text) const;

  /// The line as it may leave the country, without line feed: fields that are known to tell of nobody, and
  /// pseudonyms; whatever else it holds is left out. Nothing where line is no JSON object.
  [[nodiscard]] std::optional<std::string> line(std::string_view line) const;

 private:
  const Sha256Bytes key_;
};

}  // namespace sluice::control
