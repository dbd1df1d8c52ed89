// control/alarms: the thread that reads the log as it grows, and tells of what it sees.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "control/alarms/book.h"
#include "control/alarms/delivery.h"
#include "control/copies/cursor.h"
#include "control/send/send.h"

namespace sluice::control {

struct AlarmLimits {
  std::chrono::milliseconds every{2'000};  ///< between two looks
  std::chrono::seconds save_every{10};     ///< while nothing but counts changes
  size_t frames_at_once = 64;              ///< that are read between two looks at the clock
  DeliveryLimits delivery;
  SendBounds send;
};

struct AlarmStatus {
  AlarmPolicy policy;
  std::vector<OpenAlarm> open;
  std::map<std::string, uint64_t> raised;  ///< by alarm, ever
  uint64_t dropped = 0, unnamed = 0;       ///< as AlarmBook's
  std::array<SinkStatus, kSinkCount> sinks;
  std::string error;  ///< why the log cannot be read, or the state not be written; may be empty
};

/// Watches as long as the policy has alarms; its first look begins at the log's end. How far it is, what it
/// counted and what is still to be told lies in one file of control's state, written as one, before anything
/// of it is told: so nothing counts twice, whoever is killed when, and what is told twice bears the same
/// number.
class AlarmThread {
 public:
  /// state: control's directory.
  AlarmThread(std::filesystem::path log, const std::filesystem::path& state, AlarmLimits limits = {});
  ~AlarmThread();
  AlarmThread(const AlarmThread&) = delete;
  AlarmThread& operator=(const AlarmThread&) = delete;

  /// What the policy in force says. Any thread.
  void set(const AlarmPolicy& policy, const std::string& site);
  /// What is known of the gateway, every few seconds. Any thread.
  void set_gateway(const GatewayState& gateway);
  [[nodiscard]] AlarmStatus status() const;

 private:
  using Steady = std::chrono::steady_clock;
  void run();
  void turn();
  void begin();
  void read_log();
  void save();
  void complain(const std::string& why);
  [[nodiscard]] std::string send(AlarmSink sink, const AlarmPolicy& policy, const NoticeBatch& batch);

  const std::filesystem::path log_, file_;
  const AlarmLimits limits_;
  std::atomic<bool> stopping_{false};

  // The thread's own.
  SegmentList segments_;
  Cursor cursor_;
  AlarmBook book_;
  Delivery delivery_;
  bool begun_ = false;       ///< the cursor stands where the book's counts end
  bool unsaved_ = false;     ///< the book, or its place, is newer than the file
  bool file_there_ = false;  ///< there may be one
  Steady::time_point saved_{};
  std::string error_;

  mutable std::mutex mutex_;  ///< guards what follows
  std::condition_variable wake_;
  AlarmPolicy policy_;
  std::string site_;
  GatewayState gateway_;
  bool policy_known_ = false;
  AlarmStatus status_;

  std::thread thread_;
};

/// For `sluicectl status`.
[[nodiscard]] nlohmann::json to_json(const AlarmStatus& status);

}  // namespace sluice::control
