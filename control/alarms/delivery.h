// control/alarms: brings notices to those who are told, again and again until they are taken.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>

#include "control/alarms/book.h"

namespace sluice::control {

struct DeliveryLimits {
  int64_t first_retry_ns = 10'000'000'000, most_retry_ns = 3'600'000'000'000;  ///< doubled with each failure
  int64_t mail_every_ns = 60'000'000'000;  ///< what comes in between goes in the next one
  size_t at_once = 100;                    ///< notices; the rest follows
};

/// Brings a batch to a sink of policy. Returns an empty string where it was taken, else why not.
using SendNotices =
    std::function<std::string(AlarmSink sink, const AlarmPolicy& policy, const NoticeBatch& batch)>;

struct SinkStatus {
  uint64_t sent = 0, failed = 0;  ///< notices that were taken; tries that failed
  uint64_t waiting = 0;           ///< notices
  int64_t waiting_since_ns = 0;   ///< of the oldest of them; 0: none waits
  std::string error;              ///< of the last try; empty: it went well
};

/// Times are UTC since 1970.
class Delivery {
 public:
  explicit Delivery(DeliveryLimits limits) : limits_(limits) {}

  /// Sends what waits and is due. book: loses what was taken. Returns whether anything of it changed.
  bool turn(AlarmBook& book, const std::string& site, int64_t now_ns, const SendNotices& send);
  /// As it is now.
  [[nodiscard]] SinkStatus status(AlarmSink sink, const AlarmBook& book) const;

 private:
  struct Way {
    int64_t due_ns = 0, retry_ns = 0;
    uint64_t more_told = 0;
    SinkStatus status;
  };
  bool send_to(AlarmSink sink, AlarmBook& book, const std::string& site, int64_t now_ns,
               const SendNotices& send);

  const DeliveryLimits limits_;
  std::array<Way, kSinkCount> ways_;
};

}  // namespace sluice::control
