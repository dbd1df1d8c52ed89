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
  context.source_end = at;
  context.link_size = 0;
  context.read_from(at);
  context.stream.begin(at);
  return index;
}

void ContextPool::end_reader(Context& context) {
  if (context.kind == ReaderKind::DnsStream) context.dns.answers.clear(blocks_);
  if (context.kind == ReaderKind::H2c)
    free_hpacks_[free_hpack_count_++] = static_cast<uint32_t>(context.hpack - hpacks_.get());
  context.kind = ReaderKind::Held;
}

void ContextPool::give_back(uint32_t index) {
  end_reader(contexts_[index]);
  contexts_[index].stream.clear(blocks_);
  free_[free_count_++] = index;
}

bool ContextPool::begin_h2c(Context& context) {
  if (free_hpack_count_ == 0) return false;
  context.hpack = &hpacks_[free_hpacks_[--free_hpack_count_]];
  context.h2c = H2cRequests(*context.hpack);
  context.kind = ReaderKind::H2c;
  return true;
}

}  // namespace sluice
