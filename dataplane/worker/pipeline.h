// worker: the one place that names every stage of a packet's way, in order. Serves the poll loop, replay,
// tests, fuzzing.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>

#include "dataplane/contract/shared.h"
#include "dataplane/flow/fragments.h"
#include "dataplane/policy/policy.h"

struct rte_mbuf;
struct rte_mempool;

namespace sluice {

inline constexpr uint16_t kMaxPorts = 2 * kMaxPairs;
inline constexpr uint16_t kBurst = 32;
/// A packet gives at most itself, and five made ones; the last of a datagram's fragments all the others too.
inline constexpr uint16_t kTxBatch = 8 * kBurst + kMaxFragmentBuffers;

enum class Side : uint8_t {
  Lan,
  Line
};

/// Which pair and side a DPDK port is; mbuf->port finds it.
struct PortPlace {
  uint8_t pair;
  Side side;
};

struct Clock {
  uint64_t ms;     ///< monotonic; drives every timeout
  int64_t utc_ns;  ///< for records
};

/// What an answer taught that every worker must know.
struct DnsNews {
  enum class Kind : uint32_t {
    Address,         ///< a registered resolver asked for name and got address
    Hint,            ///< the address was a hint with it
    Fits,            ///< the address came for another name, and fits this one
    Any,             ///< any address fits name
    EchName,         ///< name is a public name of Encrypted Client Hello
    ClientsEchName,  ///< the same, from an answer to somebody else than a registered resolver
  };
  Kind kind;
  Address address;
  Address whom;  ///< a shared address that learnt it for itself; Address{}: it holds for the whole site
  uint32_t ttl_s;
  uint32_t name_size;
  char name[kMaxName + 3];  ///< padded: rings carry multiples of four bytes
};
static_assert(sizeof(DnsNews) % 4 == 0);
inline constexpr uint16_t kMaxNews =
    256;  ///< of one burst; later ones are counted as lost, and stay with this worker

/// What a burst leaves behind; the caller sends, hands over and empties it.
struct Output {
  struct Batch {
    std::array<rte_mbuf*, kTxBatch> packets;
    uint16_t count = 0;
  };
  /// A packet, or all fragments of datagrams that were put together here.
  static constexpr size_t kMaxHandover = kBurst + kMaxFragmentBuffers;
  Batch ports[kMaxPorts];                        ///< by DPDK port
  std::array<rte_mbuf*, kMaxHandover> handover;  ///< packets that live on other workers…
  std::array<uint8_t, kMaxHandover> owner;       ///< …and which
  uint16_t handover_count = 0;
  std::array<DnsNews, kMaxNews> news;  ///< for the other workers
  uint16_t news_count = 0;
};

struct PipelineConfig {
  uint32_t flows = 65536;     ///< capacity of this worker's flow table
  uint32_t undecided = 8192;  ///< flows that may be undecided, or speak HTTP, at once
  uint32_t bindings = 65536;  ///< addresses bound to names
  uint8_t worker = 0, workers = 1;
  std::array<PortPlace, kMaxPorts> ports{};  ///< by DPDK port
  uint16_t port_count = 0;
  std::array<std::string_view, kMaxPairs> lines{};  ///< by pair: the name of its line; outlives the pipeline
  uint64_t boot = 0;             ///< the start's number in the shared memory, for references shown to people
  bool replay = false;           ///< any line; a client that no network covers is judged by the first network
  bool verify_checksums = true;  ///< drop wrong checksums (replay turns it off)
  uint64_t seed = 0;             ///< keys the hashes; random at start
};

class EventRing;

/// One worker's state and its way through the rooms. One thread at a time.
class Pipeline {
 public:
  /// pool: answers and copies come from it. stats, ring: outlive the pipeline. Returns nullptr where memory
  /// is short.
  [[nodiscard]] static std::unique_ptr<Pipeline> create(const PipelineConfig& config, rte_mempool* pool,
                                                        WorkerStats& stats, EventRing& ring);
  virtual ~Pipeline() = default;

  /// The policy from now on; nullptr: none yet, so nothing but link control passes. Both outlive the next
  /// call.
  virtual void set_policy(const Policy* policy, Scratch* scratch) = 0;

  /// What another worker learnt.
  virtual void hear(const DnsNews& news, Clock now) = 0;

  /// More comes than can be handled: packets that need more than a look-up have less time from now on.
  virtual void fall_behind() = 0;

  /// Takes each mbuf of the burst and puts it, its answers, or nothing into out. At most kBurst.
  virtual void process(std::span<rte_mbuf* const> burst, Clock now, Output& out) = 0;

  /// process for packets that another worker handed over.
  virtual void take_over(std::span<rte_mbuf* const> burst, Clock now, Output& out) = 0;

  /// Time-outs, a slice at each call; call it about once a millisecond. What they send is put into out.
  virtual void housekeeping(Clock now, Output& out) = 0;

  /// The last call: all flows that are open end here, and their records say so.
  virtual void stop(Clock now) = 0;
};

}  // namespace sluice
