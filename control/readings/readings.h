// control/readings: a signed line for each time that somebody read people's accesses.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "control/sealed/sealed_file.h"

namespace sluice::control {

inline constexpr size_t kMaxReadingWord = 32;     ///< bytes of what was read, and of a query's key
inline constexpr size_t kMaxReadingMembers = 24;  ///< of a query; one with more is refused
inline constexpr size_t kMaxReadingText = 1024;   ///< bytes of each text; the rest is left out, for `…`
inline constexpr std::chrono::seconds kFoldReadings{60};
/// Readings whose repeats are waited for; further ones are recorded each.
inline constexpr size_t kMaxWaitingReadings = 256;
/// heads.jsonl names the last reading when a segment closes, and after so long.
inline constexpr std::chrono::hours kTellReadings{24};

/// `readings.jsonl` and `readings.head` of the log's directory, with the log's key.
[[nodiscard]] SealedPaths readings_paths(const std::filesystem::path& log,
                                         const std::filesystem::path& state);

/// What is on record even where the same was read a moment ago.
[[nodiscard]] bool is_recorded_each(std::string_view what);

/// One thread.
class Readings {
 public:
  /// Adds a signed line to heads.jsonl; returns an empty string, or why it is not written.
  using AppendHead = std::function<std::string(const nlohmann::json& line)>;

  /// Opens the file, and says in the daemon's log where it was altered. Returns nullptr, with error.
  [[nodiscard]] static std::unique_ptr<Readings> open(const std::filesystem::path& log,
                                                      const std::filesystem::path& state,
                                                      AppendHead append_head, std::string& error);

  /// Answers `reading`: writes the line down, synced, and gives its number as `line`; or `error`. uid, user:
  /// who reads, as the kernel says. The same reading by the same user within kFoldReadings adds to a count
  /// that a line of its own bears later, as `repeats`.
  [[nodiscard]] nlohmann::json note(const nlohmann::json& request, uid_t uid, const std::string& user,
                                    int64_t utc_ns);
  /// Writes the counts that are due, and names the last line in heads.jsonl where that is due. Once a minute.
  /// segments_closed: since the start.
  void settle(int64_t utc_ns, uint64_t segments_closed);
  /// The same at the end: everything is due.
  void finish(int64_t utc_ns);

 private:
  struct Waiting {
    nlohmann::json line;
    int64_t first_ns = 0, last_ns = 0;
    uint64_t repeats = 0;
  };
  explicit Readings(AppendHead append_head) : append_head_(std::move(append_head)) {}
  std::string append(const nlohmann::json& line);
  void write_repeats(int64_t utc_ns, bool all);
  void tell(int64_t utc_ns);

  const AppendHead append_head_;
  std::unique_ptr<SealedFile> file_;
  std::map<std::string, Waiting> waiting_;  ///< by who read what
  uint64_t last_ = 0, told_ = 0;            ///< numbers of lines: the newest, and the one heads.jsonl names
  std::string last_sha256_;
  int64_t told_ns_ = 0;
  uint64_t segments_closed_ = 0;
};

}  // namespace sluice::control
