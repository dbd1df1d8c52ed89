// control/policy: what a policy says of a list that is fetched, and its last good copy on disk.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "control/policy/policy_source.h"

namespace sluice::control {

/// A list that is fetched, as the policy says it.
struct FeedSpec {
  std::string list;
  ListFormat format = ListFormat::Names;
  FeedSource source;
  bool operator==(const FeedSpec&) const = default;
};

/// A text that was fetched and found good: which file it is, and what its server said of it.
struct FeedCopy {
  std::string sha256;  ///< of the text, 64 lower-case hexadecimal digits; its file bears them
  uint64_t bytes = 0, entries = 0;
  std::string etag, last_modified;  ///< printable ASCII of at most kMaxValidator bytes; empty: none
  int64_t fetched_ns = 0;           ///< when the text came
  int64_t checked_ns = 0;           ///< when its server said last that there is no newer one
  bool operator==(const FeedCopy&) const = default;
};
inline constexpr size_t kMaxValidator = 1024;

/// Whether text can be kept and sent back as an ETag or a date.
[[nodiscard]] bool is_validator(std::string_view text);

// A copy is two files: the text, whose name holds its SHA-256 and which is never written again, and a few
// lines about it, replaced as a whole. Both bear the list's name and a digest of format and URL: another URL
// is another feed.

enum class CopyKind : uint8_t {
  InForce,
  Held  ///< fetched, but too different from the one in force; waits for somebody to accept it
};

[[nodiscard]] std::string feed_stem(const FeedSpec& spec);
[[nodiscard]] std::filesystem::path feed_meta_path(const std::filesystem::path& directory,
                                                   const FeedSpec& spec, CopyKind kind);
/// The name of a text without its extension; stem: of its feed.
[[nodiscard]] std::string feed_text_stem(std::string_view stem, const FeedCopy& copy);
[[nodiscard]] std::filesystem::path feed_text_path(const std::filesystem::path& directory,
                                                   const FeedSpec& spec, const FeedCopy& copy);

/// The few lines about a copy, and back; nothing where text is none of them.
[[nodiscard]] std::string feed_copy_text(const FeedCopy& copy);
[[nodiscard]] std::optional<FeedCopy> parse_feed_copy(std::string_view text);

/// Reads them from disk. Nothing where they are not there, or damaged.
[[nodiscard]] std::optional<FeedCopy> read_feed_copy(const std::filesystem::path& meta);

/// A FeedSpec for another process, and back; nothing where value is none. It may hold a password.
[[nodiscard]] nlohmann::json feed_spec_json(const FeedSpec& spec);
[[nodiscard]] std::optional<FeedSpec> feed_spec_from(const nlohmann::json& value);

}  // namespace sluice::control
