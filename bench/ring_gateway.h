// bench: the gateway's own data plane between two ports that are rings, in the process that feeds them.
#pragma once

#include <rte_mbuf.h>
#include <rte_ring.h>

#include <array>
#include <memory>
#include <span>
#include <string>

#include "bench/meter.h"
#include "bench/traffic.h"
#include "control/policy/policy_compiler.h"
#include "dataplane/boot/data_plane.h"

namespace sluice::bench {

/// Of the counter that both ends of the rings go by.
double seconds_of(uint64_t ticks);

/// Compiles a policy from YAML text and opens it, as control and the agent do.
/// read: gives the list files that it names.
[[nodiscard]] std::unique_ptr<Generation> build_generation(const std::string& yaml, uint32_t number,
                                                           const control::ReadListFile& read);

/// The gateway with one worker, which has a processor of its own; the thread that makes it, and those that it
/// starts, keep to the others. What cannot be brought up ends the program.
class RingGateway {
 public:
  static constexpr unsigned kRxRoom = 1023;    ///< packets that wait at a port, as at a network card's
  static constexpr unsigned kTxRoom = 32'767;  ///< what a stalled generator leaves lying is not lost

  struct Settings {
    std::unique_ptr<Generation> policy;  ///< with a line named line-a
    uint32_t ring_mb = 0;                ///< of the event ring; 0: as large as the data plane's own
    bool may_sleep = false;              ///< the worker, when nothing comes
  };
  explicit RingGateway(Settings settings);
  ~RingGateway();
  RingGateway(const RingGateway&) = delete;
  RingGateway& operator=(const RingGateway&) = delete;

  /// Until start, and after stop, nothing runs on the worker's processor.
  void start();
  void stop() { plane_->stop(); }

  /// side: 0 for the LAN's port, 1 for the line's.
  rte_ring* receives(size_t side) const { return rx_[side]; }
  rte_ring* sends(size_t side) const { return tx_[side]; }
  const WorkerStats& stats() const { return plane_->shared().stats(0); }
  GenerationSwitch& generations() { return generations_; }
  const SharedMemory& shared() const { return plane_->shared(); }
  unsigned worker_core() const { return worker_core_; }

  /// What control does once records are on disk.
  void forget_records();
  /// Plays all of frames, in order, and throws away what comes out; each must come out.
  void play(const Traffic& traffic, size_t frames);

 private:
  void make_ports();

  Options options_;
  GenerationSwitch generations_;
  std::unique_ptr<DataPlane> plane_;
  std::array<rte_ring*, 2> rx_{}, tx_{};
  unsigned worker_core_ = 0;
};

/// How long the worker ran on its processor, and how long it would have, had nothing else run there.
struct WorkerTime {
  double ran_s = 0, waited_s = 0;
  [[nodiscard]] static WorkerTime now();
  WorkerTime operator-(const WorkerTime& before) const {
    return {ran_s - before.ran_s, waited_s - before.waited_s};
  }
};

/// Threads of this process that are started later, and this one, run on any processor but core.
void leave_core(unsigned core);

/// Packets of decided flows that go round and round: what the gateway sends is sent to it again.
class DecidedFlows {
 public:
  static constexpr size_t kFlows = 1000, kPacketsEachSide = 8191;  ///< more than rings hold

  /// Opens the flows, and checks that each was allowed and nothing dropped.
  explicit DecidedFlows(RingGateway& gateway);
  /// Takes packets that are to arrive at side's port. They are written to, as a card does, and so lie in no
  /// cache of the worker's. Returns how many.
  unsigned arrive(size_t side, std::span<rte_mbuf*> out);
  struct Count {
    uint64_t decided = 0, others = 0;
  };
  /// Offers packets, decided ones and others, to side's port. Returns how many found it full: decided ones
  /// wait again, others are freed.
  Count offer(size_t side, std::span<rte_mbuf*> packets);
  /// Takes a burst that the gateway has sent on each side, and returns how many it were: decided ones wait
  /// again, others are freed.
  Count drain();

 private:
  /// side: whose port the decided ones arrive at next.
  Count give_back(size_t side, std::span<rte_mbuf*> packets);

  RingGateway& gateway_;
  rte_mempool* pool_ = nullptr;
  std::array<rte_ring*, 2> waiting_{};
};

}  // namespace sluice::bench
