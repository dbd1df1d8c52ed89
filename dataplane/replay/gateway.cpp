// replay: the gateway's own pipeline between two ports that are only memory.
#include "dataplane/replay/gateway.h"

#include <rte_mbuf.h>

#include <algorithm>
#include <cstring>
#include <new>

namespace sluice::replay {
namespace {

constexpr size_t kCacheLine = 64;

void free_all(Output::Batch& batch) {
  rte_pktmbuf_free_bulk(batch.packets.data(), batch.count);
  batch.count = 0;
}

rte_mbuf* to_buffers(rte_mempool* pool, std::span<const uint8_t> frame) {
  rte_mbuf* head = nullptr;
  do {
    rte_mbuf* segment = rte_pktmbuf_alloc(pool);
    if (segment == nullptr || (head != nullptr && rte_pktmbuf_chain(head, segment) != 0)) {
      rte_pktmbuf_free(segment);
      rte_pktmbuf_free(head);
      return nullptr;
    }
    if (head == nullptr) head = segment;
    const size_t size = std::min<size_t>(rte_pktmbuf_tailroom(segment), frame.size());
    std::memcpy(rte_pktmbuf_mtod(segment, void*), frame.data(), size);
    segment->data_len = static_cast<uint16_t>(size);
    head->pkt_len += static_cast<uint32_t>(size);
    frame = frame.subspan(size);
  } while (!frame.empty());
  return head;
}

}  // namespace

bool Gateway::make_ring(uint64_t slots) {
  const size_t size = sizeof(RingHeader) + slots * kSlotBytes;
  void* memory = std::aligned_alloc(kCacheLine, size);
  if (memory == nullptr) return false;
  std::memset(memory, 0, size);
  ring_memory_.reset(static_cast<std::byte*>(memory));
  ring_ = new (memory) RingHeader{slots, {}, {}, {}};
  events_ = std::make_unique<EventRing>(*ring_);
  return true;
}

std::unique_ptr<Gateway> Gateway::create(PipelineConfig config, rte_mempool* pool, const Policy& policy,
                                         Scratch& scratch, uint64_t ring_slots) {
  std::unique_ptr<Gateway> out(new Gateway);
  config.ports[kLanPort] = {0, Side::Lan};
  config.ports[kLinePort] = {0, Side::Line};
  config.port_count = 2;
  out->pool_ = pool;
  out->stats_ = std::make_unique<WorkerStats>();
  out->output_ = std::make_unique<Output>();
  if (!out->make_ring(ring_slots)) return nullptr;
  out->pipeline_ = Pipeline::create(config, pool, *out->stats_, *out->events_);
  if (out->pipeline_ == nullptr) return nullptr;
  out->pipeline_->set_policy(&policy, &scratch);
  return out;
}

Gateway::~Gateway() {
  if (output_ != nullptr) clear_output();
}

bool Gateway::process(std::span<const uint8_t> frame, Side from, Clock now) {
  rte_mbuf* mbuf = to_buffers(pool_, frame);
  if (mbuf == nullptr) return false;
  mbuf->port = from == Side::Lan ? kLanPort : kLinePort;
  pipeline_->process({&mbuf, 1}, now, *output_);
  return true;
}

void Gateway::clear_output() {
  free_all(output_->ports[kLanPort]);
  free_all(output_->ports[kLinePort]);
  rte_pktmbuf_free_bulk(output_->handover.data(), output_->handover_count);
  output_->handover_count = 0;
  output_->news_count = 0;
}

bool Gateway::next_record(Record& record, char (&name)[kMaxName]) {
  const uint64_t tail = ring_->tail.load(std::memory_order_relaxed);
  if (tail == ring_->head.load(std::memory_order_acquire)) return false;
  const std::byte* slots = ring_memory_.get() + sizeof(RingHeader);
  const auto slot = [this, slots](uint64_t position) {
    return slots + (position & (ring_->slot_count - 1)) * kSlotBytes;
  };
  std::memcpy(&record, slot(tail), sizeof record);
  size_t done = record.ended == Ended::No ? std::min<size_t>(record.name_size, kNameInFirstSlot) : 0;
  std::memcpy(name, record.name, done);
  for (uint64_t at = tail + 1; done < record.name_size; ++at) {
    const size_t part = std::min(record.name_size - done, kSlotBytes);
    std::memcpy(name + done, slot(at), part);
    done += part;
  }
  ring_->tail.store(tail + record.slots, std::memory_order_release);
  return true;
}

}  // namespace sluice::replay
