// agent: the swap.
#include "dataplane/agent/generation_switch.h"

#include <rte_rcu_qsbr.h>

#include <cstdlib>

namespace sluice {

bool GenerationSwitch::create(uint32_t workers) {
  const size_t size = rte_rcu_qsbr_get_memsize(workers);
  quiescence_ = static_cast<rte_rcu_qsbr*>(std::aligned_alloc(
      RTE_CACHE_LINE_SIZE, (size + RTE_CACHE_LINE_SIZE - 1) / RTE_CACHE_LINE_SIZE * RTE_CACHE_LINE_SIZE));
  return quiescence_ != nullptr && rte_rcu_qsbr_init(quiescence_, workers) == 0;
}

void GenerationSwitch::publish(std::unique_ptr<Generation> next) {
  const std::unique_ptr<Generation> old(current_.exchange(next.release(), std::memory_order_acq_rel));
  (void)rte_rcu_qsbr_check(quiescence_, rte_rcu_qsbr_start(quiescence_), true);
}

uint32_t GenerationSwitch::number() const {
  const Generation* now = current_.load(std::memory_order_acquire);
  return now == nullptr ? 0 : now->policy().generation();
}

GenerationSwitch::~GenerationSwitch() {
  delete current_.load();
  std::free(quiescence_);
}

}  // namespace sluice
