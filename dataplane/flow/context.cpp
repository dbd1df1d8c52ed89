// flow: taking contexts.
#include "dataplane/flow/context.h"

#include "dataplane/flow/flow_table.h"

namespace sluice {

uint32_t ContextPool::take(uint64_t now_ms) {
  if (free_count_ == 0) return kNoIndex;
  const uint32_t index = free_[--free_count_];
  Context& context = contexts_[index];
  context.started_ms = now_ms;
  context.source_bytes = context.destination_bytes = 0;
  context.packets = 0;
  context.started = context.named = context.remote_spoke = false;
  context.kind = ReaderKind::Recognising;
  context.head_size = 0;
  return index;
}

}  // namespace sluice
