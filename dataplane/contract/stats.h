// contract: the counters of one worker. Only that worker writes them, control only reads.
#pragma once

#include <cstddef>
#include <cstdint>

#include "dataplane/contract/counter.h"
#include "dataplane/contract/histogram.h"
#include "dataplane/contract/neighbours.h"
#include "dataplane/contract/reasons.h"
#include "dataplane/contract/record.h"

namespace sluice {

inline constexpr size_t kMaxPairs = 8;
inline constexpr size_t kMaxWorkers = 64;

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

/// Whether a port has its carrier.
enum class LinkState : uint8_t {
  Unknown,
  Down,
  Up
};

/// What one side of a line was asked, and whether it answered.
struct Asking {
  Counter asked;       ///< for the first time
  Counter repeated;    ///< sent again before an answer came
  Counter answered;    ///< in time; also by a refusal
  Counter unanswered;  ///< no answer came in time…
  Counter late;        ///< …but later
  Histogram times;     ///< until the answer, of what was asked once: else it is not known which was answered
};

/// How what the LAN opens over one line fares. What is inside of tunnels does not count.
struct LineStats {
  Asking syns;              ///< SYNs towards the line, and what came back
  Asking syn_acks;          ///< the line's answers to them, and the clients' ACKs
  Asking questions;         ///< DNS over UDP; of several questions of one port at once the first
  Counter hellos_repeated;  ///< segments of a client that were read before: sent again
  Counter ended;            ///< flows of which something passed
  Counter one_way;          ///< of them those that the other side has sent nothing for
};

struct alignas(64) WorkerStats {
  Histogram turns;  ///< of the poll loop: from one look at the ports to the next, sleep and all; stands still
                    ///< when the worker hangs
  Histogram forwarding;  ///< packets, by the time from their burst's receipt until all of it was sent
  Counter generation;    ///< of the policy that this worker enforces; 0: none yet
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
  Counter ended[kEndedCount];    ///< records of flows' ends
  Counter ends_left_out;         ///< see EndPart
  Counter flows, flow_capacity;  ///< gauges
  Counter undecided, undecided_capacity;
  Counter bindings, binding_capacity;
  Counter names, name_capacity;  ///< interned names
  Counter fragments;             ///< held until their datagrams are whole; a gauge
  Counter names_lost;    ///< not remembered because the table was full: such a flow is judged again without
  Counter news_lost;     ///< what DNS taught and other workers were not told, because a ring was full
  Counter ech_stripped;  ///< DNS answers that `ech` was taken out of
  Counter dns_addresses_lost;  ///< addresses of names forgotten before their time, because the table was full
  LineStats lines[kMaxPairs];
  NeighbourTable neighbours;
};

}  // namespace sluice
