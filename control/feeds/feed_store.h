// control/feeds: the copies of feeds on disk.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>

#include "control/feeds/text_sink.h"
#include "control/policy/feed_copy.h"

namespace sluice::control {

/// What is known of one feed.
struct FeedCopies {
  std::optional<FeedCopy> in_force, held;
};

/// The directory of copies, as control/policy/feed_copy.h lays it out. Whatever fails leaves the copies as
/// they were. One thread.
class FeedStore {
 public:
  explicit FeedStore(std::filesystem::path directory) : directory_(std::move(directory)) {}

  FeedCopies read(const FeedSpec& spec) const;
  /// Where a text is written while it comes.
  std::filesystem::path temporary(const FeedSpec& spec) const;

  // Each returns an empty string, or why not.

  /// Makes a text that is finished the copy of that kind. One that comes into force ends what was held.
  [[nodiscard]] std::string keep(const FeedSpec& spec, CopyKind kind, const TextSink& text,
                                 const FeedCopy& copy) const;
  /// Writes anew what is known of a copy whose text stays.
  [[nodiscard]] std::string touch(const FeedSpec& spec, CopyKind kind, const FeedCopy& copy) const;
  /// What was held comes into force.
  [[nodiscard]] std::string accept(const FeedSpec& spec) const;
  void drop_held(const FeedSpec& spec) const;

  /// Deletes copies of feeds that are not among specs and were not checked since before_ns, and every file
  /// that is no copy's: the directory is this room's alone. Not while anything is fetched.
  void sweep(std::span<const FeedSpec> specs, int64_t before_ns) const;

 private:
  const std::filesystem::path directory_;
};

}  // namespace sluice::control
