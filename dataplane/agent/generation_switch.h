// agent: swaps the generation under the workers: one pointer, then waits until none can still see the old
// one.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "dataplane/policy/generation.h"

struct rte_rcu_qsbr;

namespace sluice {

/// One writer (the agent); workers read `current` and report quiescence.
class GenerationSwitch {
 public:
  GenerationSwitch() = default;
  ~GenerationSwitch();
  GenerationSwitch(const GenerationSwitch&) = delete;
  GenerationSwitch& operator=(const GenerationSwitch&) = delete;

  /// Returns false where memory is short.
  [[nodiscard]] bool create(uint32_t workers);
  /// Publishes next, waits for every worker's quiescent point, frees what was before.
  void publish(std::unique_ptr<Generation> next);
  /// 0 where there is none yet.
  uint32_t number() const;

  std::atomic<Generation*>& current() { return current_; }
  rte_rcu_qsbr* quiescence() const { return quiescence_; }

 private:
  std::atomic<Generation*> current_{nullptr};
  rte_rcu_qsbr* quiescence_ = nullptr;
};

}  // namespace sluice
