// contract: the counters of one worker. Only that worker writes them, control only reads.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "dataplane/contract/reasons.h"

namespace sluice {

inline constexpr size_t kMaxPairs = 8;
inline constexpr size_t kMaxWorkers = 64;

/// A counter with one writer: a relaxed load and store, no locked instruction.
class Counter {
 public:
  void add(uint64_t n = 1) {
    value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  void set(uint64_t n) { value_.store(n, std::memory_order_relaxed); }
  uint64_t get() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};
static_assert(sizeof(Counter) == 8 && std::atomic<uint64_t>::is_always_lock_free);

/// What the gateway answered to something it blocked.
enum class Answer : uint8_t {
  TlsAlert,
  HttpPage,
  TcpReset,
  DnsRefusal,
  IcmpProhibited,
  Silence
};
inline constexpr std::string_view kAnswerWords[] = {"tls-alert", "http-page",       "tcp-reset",
                                                    "dns",       "icmp-prohibited", "silence"};
inline constexpr size_t kAnswerCount = std::size(kAnswerWords);

struct PortStats {
  Counter rx_packets, rx_bytes, tx_packets, tx_bytes;
};

struct alignas(64) WorkerStats {
  Counter turns;                  ///< of the poll loop; stands still when the worker hangs
  Counter generation;             ///< of the policy that this worker enforces; 0: none yet
  PortStats ports[kMaxPairs][2];  ///< [pair][0: LAN, 1: line]
  Counter passed[kReasonCount];   ///< packets
  Counter dropped[kReasonCount];  ///< packets
  Counter accesses[kActionCount][kReasonCount];
  Counter protocols[kActionCount][kProtocolCount];  ///< accesses
  Counter answers[kAnswerCount];
  Counter rejudged;             ///< flows judged again because the policy changed
  Counter checksums_completed;  ///< unfinished checksums of a software port filled in
  Counter handed_over;          ///< packets passed to the client's worker
  Counter records_written, records_lost;
  Counter flows, flow_capacity;  ///< gauges
  Counter undecided, undecided_capacity;
  Counter bindings, binding_capacity;
  Counter names, name_capacity;  ///< interned names
  Counter fragments;             ///< held until their datagrams are whole; a gauge
  Counter names_lost;    ///< not remembered because the table was full: such a flow is judged again without
  Counter news_lost;     ///< what DNS taught and other workers were not told, because a ring was full
  Counter ech_stripped;  ///< DNS answers that `ech` was taken out of
  Counter dns_addresses_lost;  ///< addresses of names forgotten before their time, because the table was full
};

}  // namespace sluice
