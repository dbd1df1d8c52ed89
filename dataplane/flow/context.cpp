// flow: taking contexts and giving them back.
#include "dataplane/flow/context.h"

#include "dataplane/flow/flow_table.h"

namespace sluice {

uint32_t ContextPool::take(uint64_t now_ms, uint32_t at) {
  if (free_count_ == 0) return kNoIndex;
  const uint32_t index = free_[--free_count_];
  Context& context = contexts_[index];
  context.started_ms = now_ms;
  context.source_bytes = context.destination_bytes = 0;
  context.packets = 0;
  context.named = context.remote_spoke = false;
  context.kind = ReaderKind::Recognising;
  context.stream.begin(at);
  return index;
}

void ContextPool::give_back(uint32_t index) {
  contexts_[index].stream.clear(blocks_);
  free_[free_count_++] = index;
}

}  // namespace sluice
