// control/copies: the thread that brings the log to one recipient.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>

#include "control/copies/checkpoint.h"
#include "control/copies/cursor.h"
#include "control/copies/sender.h"
#include "control/policy/log_policy.h"
#include "control/pseudonyms/pseudonyms.h"

namespace sluice::control {

struct CopyLimits {
  std::chrono::milliseconds every{1000};  ///< between two looks at a log that was read to its end
  std::chrono::milliseconds first_retry{1000}, most_retry{60'000};  ///< doubled with each failure in a row
  size_t batch_bytes =
      size_t{4} << 20;               ///< of lines; one that has as many is sent, and may have a frame more
  size_t headers_a_turn = 2000;      ///< that are read to know how much there is to come
  std::chrono::seconds alarm{3600};  ///< behind by so long, it is said, and again every time so long after
  SendLimits send;
};

/// What one copy is to do.
struct CopyPlan {
  LogCopy copy;
  bool pseudonyms = false;
  std::string host;  ///< of this machine
  bool operator==(const CopyPlan&) const = default;
};

struct CopyPaths {
  std::filesystem::path log, state;
  std::filesystem::path key() const { return state / "copies.key"; }
  std::filesystem::path checkpoints() const { return state / "copies"; }
};

struct CopyStatus {
  CopyPlan plan;
  uint64_t records = 0;   ///< lines that were taken, since control started
  uint64_t resent = 0;    ///< that were sent again, as nobody knows whether they had been taken
  uint64_t withheld = 0;  ///< lines that could not be read, and so got no pseudonyms
  uint64_t damaged = 0;   ///< places of the log that could not be read
  uint64_t missed_segments = 0, missed_records = 0;  ///< deleted before they were copied, ever
  std::array<uint64_t, kCopyFailureCount> failures{};
  uint64_t behind_records = 0,
           behind_bytes = 0;    ///< in the log and not taken; bytes: as they lie on the disk
  int64_t behind_since_ns = 0;  ///< time of the oldest of them, UTC; 0: there are none
  int64_t taken_ns = 0;         ///< when something was taken last, UTC; 0: never
  std::string error;            ///< of the last try; empty: it went well
};

/// Makes what brings lines to a plan's recipient. stop: ends a send early; it outlives the sender.
using MakeSender = std::function<std::unique_ptr<Sender>(const CopyPlan& plan, const SendLimits& limits,
                                                         const std::atomic<bool>& stop)>;
[[nodiscard]] std::unique_ptr<Sender> make_sender(const CopyPlan& plan, const SendLimits& limits,
                                                  const std::atomic<bool>& stop);

/// What the checkpoint of a copy is bound to: another target begins anew.
[[nodiscard]] std::string target_of(const LogCopy& copy);

/// Reads the log from the copy's checkpoint on, brings it to the recipient, and moves the checkpoint when the
/// recipient has taken it. Whatever fails is tried again. Its thread has the lowest priority and only reads
/// the log's files, so it delays nobody.
class CopyThread {
 public:
  /// before: the thread of the same copy before its plan changed; it ends first, and its counts go on.
  CopyThread(CopyPaths paths, CopyPlan plan, CopyLimits limits, std::unique_ptr<CopyThread> before,
             MakeSender make = make_sender);
  ~CopyThread();
  CopyThread(const CopyThread&) = delete;
  CopyThread& operator=(const CopyThread&) = delete;

  const CopyPlan& plan() const { return plan_; }
  /// Any thread.
  [[nodiscard]] CopyStatus status() const;
  /// Ends the thread soon, without waiting for it.
  void stop_soon();
  /// Ends the thread. One other thread.
  void stop();
  /// Whether stop and the destructor will not wait.
  bool finished() const { return finished_; }

 private:
  using Clock = std::chrono::steady_clock;
  /// A batch that was sent and does not count as taken yet.
  struct Sent {
    LogPlace end;
    uint64_t records = 0;
    int64_t first_ns = 0;
    Clock::time_point at;
  };

  void run();
  std::chrono::milliseconds turn();
  [[nodiscard]] std::string prepare();
  [[nodiscard]] std::string begin();
  [[nodiscard]] SendResult advance();
  [[nodiscard]] std::string fill();
  void append_lines(std::string_view lines);
  void survey();
  void reckon();
  [[nodiscard]] SendResult take_settled();
  [[nodiscard]] std::string save();
  void rewind();
  void note(const SendResult& result);
  void take_news(const CursorNews& news);
  void warn_of_delay();

  const CopyPaths paths_;
  const CopyPlan plan_;
  const CopyLimits limits_;
  const MakeSender make_;
  std::unique_ptr<CopyThread> before_;
  std::atomic<bool> stopping_{false}, finished_{false};

  // The thread's own.
  bool ready_ = false;
  std::unique_ptr<const Pseudonyms> pseudonyms_;
  std::unique_ptr<Sender> sender_;
  SegmentList segments_;
  Cursor cursor_, scout_;  ///< of what is sent; of what is counted ahead of it
  Checkpoint checkpoint_;
  bool unsaved_ = false;  ///< checkpoint_ is newer than its file
  CopyBatch batch_;       ///< what stands between the last of sent_ and cursor_
  std::deque<Sent> sent_;
  std::set<std::string> told_;  ///< news that were said, as lines may be read again
  std::chrono::milliseconds retry_;
  CopyFailure last_failure_ = CopyFailure::None;
  Clock::time_point alarmed_ = Clock::now();
  CopyStatus now_;

  mutable std::mutex mutex_;  ///< guards status_
  std::condition_variable wake_;
  CopyStatus status_;  ///< now_, as others see it

  std::thread thread_;
};

}  // namespace sluice::control
