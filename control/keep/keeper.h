// control/keep: deletes what has been kept long enough, and nothing else.
#pragma once

#include <sys/types.h>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "control/keep/forecast.h"
#include "control/keep/heads_view.h"
#include "control/segment/reader.h"

namespace sluice::control {

/// One moment on both clocks: the one that is set, and the one that only goes on.
struct KeepMoment {
  int64_t utc_ns = 0;     ///< since 1970
  int64_t steady_ns = 0;  ///< CLOCK_MONOTONIC
  [[nodiscard]] static KeepMoment now();
};

/// What metrics and people see.
struct KeepFigures {
  int64_t oldest_ns = 0;    ///< the oldest record's time, UTC since 1970; 0: not known
  uint64_t free_bytes = 0;  ///< of the log's disk, for us
  uint64_t holds = 0;       ///< cases
  uint64_t deleted = 0;     ///< segments, by this process
  uint64_t errors = 0;      ///< runs in which something could not be read, written down or deleted
  uint32_t keep_s = 0;      ///< the policy's term; 0: not known
  double bytes_per_s = 0;   ///< what the log grew by, in the last days; 0: not known yet
  Forecast disk;
};

/// Keeps every record for the policy's term and deletes it then. The daemon's loop calls it once a minute; it
/// never waits but for the disk. Not for more than one thread.
class Keeper {
 public:
  /// So many segments go in one run: four a minute is more than the fastest log closes, so what is due is
  /// caught up with, and a clock that is wrong costs 240 segments an hour and not the log.
  static constexpr size_t kMostARun = 4;
  /// Nothing is deleted for so long after a start, or after the clock leapt.
  static constexpr std::chrono::hours kWait{1};
  /// The same where the clock stands, or leapt, further than kFar: whoever set it wrongly has a day to see
  /// it.
  static constexpr std::chrono::hours kLongWait{24}, kFar{7 * 24};
  /// What the two clocks may differ by: network time steps a clock by seconds.
  static constexpr std::chrono::minutes kLeap{5};
  /// The log's growth is measured over so long, where it is that old, and never over less than kLeastMeasure.
  static constexpr std::chrono::hours kMeasure{7 * 24}, kLeastMeasure{1};
  static constexpr std::chrono::hours kWarnEvery{24};

  struct Ports {
    /// Adds a signed line to heads.jsonl; returns an empty string, or why it is not written.
    std::function<std::string(const nlohmann::json& line)> append;
    /// Bytes that can still be written beside the log; nothing where that is not to be had.
    std::function<std::optional<uint64_t>(const std::filesystem::path& log)> free_bytes;
  };
  /// By statvfs.
  [[nodiscard]] static std::optional<uint64_t> free_bytes_of(const std::filesystem::path& log);

  /// log: its directory, opened by a SegmentWriter already. Returns nullptr and says in error why it cannot
  /// be read.
  [[nodiscard]] static std::unique_ptr<Keeper> open(const std::filesystem::path& log, Ports ports,
                                                    std::string& error);

  /// keep_s: the policy's term; nothing while it is not known: then nothing is deleted.
  void run(const KeepMoment& now, std::optional<uint32_t> keep_s);

  /// Answers `hold`, `release` and `holds`; anything else is an error too. uid, user: who asks.
  [[nodiscard]] nlohmann::json answer(const std::string& command, const nlohmann::json& request, uid_t uid,
                                      const std::string& user, int64_t utc_ns);

  const KeepFigures& figures() const { return figures_; }
  [[nodiscard]] nlohmann::json status() const;

 private:
  Keeper(std::filesystem::path log, Ports ports, std::unique_ptr<const SigningKey> key);
  void watch_clock(const KeepMoment& now);
  [[nodiscard]] std::string why_wait(const KeepMoment& now, std::optional<uint32_t> keep_s) const;
  void delete_due(const std::vector<SegmentFile>& files, const KeepMoment& now, uint32_t keep_s);
  [[nodiscard]] bool may_go(const SegmentFile& file, const EndedSegment& ended, int64_t before_ns);
  [[nodiscard]] std::string write_down(const SegmentFile& file, const EndedSegment& ended, int64_t utc_ns,
                                       uint32_t keep_s);
  [[nodiscard]] std::string remove(const SegmentFile& file);
  void measure(const std::vector<SegmentFile>& files, const KeepMoment& now, std::optional<uint32_t> keep_s);
  void warn(const KeepMoment& now);
  void complain(const std::string& what);
  [[nodiscard]] nlohmann::json hold(const nlohmann::json& request, uid_t uid, const std::string& user,
                                    int64_t utc_ns);
  [[nodiscard]] nlohmann::json release(const nlohmann::json& request, uid_t uid, const std::string& user,
                                       int64_t utc_ns);
  [[nodiscard]] nlohmann::json list() const;

  const std::filesystem::path log_;
  const Ports ports_;
  HeadsView heads_;
  std::optional<int64_t> clock_offset_ns_;  ///< of UTC from the steady clock; nothing before the first run
  int64_t wait_until_ns_ = 0;               ///< on the steady clock
  std::optional<int64_t> warned_ns_;        ///< on the steady clock
  std::optional<uint32_t> keep_s_;          ///< of the last run
  std::string waits_;                       ///< why nothing is deleted; empty: what is due is
  std::string complained_;                  ///< the last complaint, which is not repeated
  bool failed_ = false;                     ///< something of this run
  std::set<uint64_t> refused_;              ///< segments whose own headers speak against heads.jsonl
  KeepFigures figures_;
};

}  // namespace sluice::control
