// control/lines: the workers' counters at one moment, summed, and what was counted between two.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "control/link/shared_region.h"

namespace sluice::control {

using LineTime = std::chrono::steady_clock::time_point;

/// See Asking.
struct AskingSum {
  uint64_t asked = 0, repeated = 0, answered = 0, unanswered = 0, late = 0;
  std::array<uint64_t, Histogram::kBuckets> times{};

  /// How many times are known.
  uint64_t timed() const;
  /// The time that so great a share of them did not exceed, as Histogram's bound: Histogram::kNoBound where
  /// it is beyond the last one. 0 where none is known.
  uint64_t time_ns(double share) const;
};

struct PortSum {
  uint64_t rx_packets = 0, rx_bytes = 0, tx_packets = 0, tx_bytes = 0;
};

/// See LineStats and PortStats.
struct LineSum {
  AskingSum syns, syn_acks, questions;
  uint64_t hellos_repeated = 0, ended = 0, one_way = 0;
  PortSum ports[2];  ///< [0: LAN, 1: line]
};

/// All workers together.
struct Snapshot {
  LineTime at{};
  std::vector<LineSum> lines;
  std::array<uint64_t, kReasonCount> dropped{};
  uint64_t received = 0;      ///< packets, of all ports
  uint64_t line_expired = 0;  ///< accesses refused as a line's term is over
  uint64_t records_lost = 0;
  std::vector<uint64_t> turns;  ///< by worker
};

[[nodiscard]] Snapshot snapshot_of(const SharedRegion& region, LineTime at);

/// What was counted from one to the other, of the same region.
[[nodiscard]] Snapshot between(const Snapshot& from, const Snapshot& to);
[[nodiscard]] AskingSum between(const AskingSum& from, const AskingSum& to);

}  // namespace sluice::control
