// control/witness: sees to it that somebody outside this machine has the access log's signed lines.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <string>
#include <thread>

#include "control/segment/acknowledged.h"
#include "control/witness/deliver.h"

namespace sluice::control {

struct WitnessLimits {
  std::chrono::milliseconds every{3'600'000};
  std::chrono::milliseconds first{5'000};         ///< after a start or another policy
  std::chrono::milliseconds first_retry{60'000};  ///< doubled with each failure, up to every
  uint64_t most_bytes = uint64_t{1} << 20;        ///< of lines at once; the rest at once after them
  SendBounds deliver;
};

struct WitnessStatus {
  LogWitness::Kind kind = LogWitness::Kind::None;
  uint64_t delivered = 0, failed = 0;  ///< times
  uint64_t last_line = 0;              ///< acknowledged
  std::string since;  ///< time of the oldest line that is not acknowledged, as it says itself; empty: all are
  int64_t since_s = 0;  ///< the same, UTC since 1970
  std::string error;    ///< of the last try; empty: it went well
};

/// A thread that reads heads.jsonl and brings what is new to the witness, again and again until it is taken.
class Witness {
 public:
  Witness(std::filesystem::path log, WitnessLimits limits);
  ~Witness() { stop(); }
  Witness(const Witness&) = delete;
  Witness& operator=(const Witness&) = delete;

  /// What the policy in force says. Any thread.
  void set(const LogWitness& witness, const std::string& site);
  WitnessStatus status() const;
  void stop();

 private:
  struct Unwitnessed {
    HeadLines lines;
    std::string since, last_sha256;
    bool more = false;
  };
  void run();
  std::chrono::milliseconds turn(const LogWitness& witness, const std::string& site);
  std::string read_lines(uint64_t after, Unwitnessed& out) const;

  const std::filesystem::path log_;
  const WitnessLimits limits_;
  std::chrono::milliseconds retry_;
  std::atomic<bool> stopping_{false};

  mutable std::mutex mutex_;  ///< guards the four below
  std::condition_variable wake_;
  LogWitness witness_;
  std::string site_;
  WitnessStatus status_;
  bool changed_ = false;

  std::thread thread_;
};

}  // namespace sluice::control
