// worker: the poll loop of one worker: receive, process, send, hand over, housekeep.
#pragma once

#include <atomic>
#include <cstdint>

#include "dataplane/policy/generation.h"
#include "dataplane/worker/pipeline.h"

struct rte_ring;
struct rte_rcu_qsbr;

namespace sluice {

inline constexpr uint32_t kHandoverSlots = 4096;  ///< packets waiting for one worker
inline constexpr uint32_t kNewsSlots = 1024;      ///< bindings waiting for one worker

/// What a loop works with. Everything outlives it.
struct Loop {
  uint8_t worker = 0;
  uint8_t workers = 1;
  uint16_t port_count = 0;
  std::array<PortPlace, kMaxPorts> ports{};
  Pipeline* pipeline = nullptr;
  WorkerStats* stats = nullptr;
  std::array<rte_ring*, kMaxWorkers> handover{};   ///< by owner; a worker reads its own
  std::array<rte_ring*, kMaxWorkers> news{};       ///< by owner
  rte_ring* told = nullptr;                        ///< bindings that control brings to this worker
  std::atomic<Generation*>* generation = nullptr;  ///< written by the agent, read here
  rte_rcu_qsbr* quiescence = nullptr;              ///< this worker reports as thread `worker`
  const std::atomic<bool>* stop = nullptr;
  bool may_sleep = false;  ///< sleep a little when nothing comes for a while
};

/// Runs until *stop. Reports quiescence once a turn, and goes offline while it sleeps.
void run_loop(const Loop& loop);

}  // namespace sluice
