// tests: fuzzing of the whole way of a packet: a sequence of frames from either side, each cut in buffers.
#include <rte_mbuf.h>

#include <cstdlib>
#include <cstring>
#include <memory>

#include "dataplane/log/event_ring.h"
#include "dataplane/worker/pipeline.h"
#include "tests/support/eal.h"
#include "tests/support/frame.h"
#include "tests/support/policy.h"

namespace {

using namespace sluice;

constexpr const char* kRules = R"(
lists:
  bad: {names: [bad.example]}
rules:
  - {name: no-bad, to: [bad], action: block}
  - {name: quiet, to: [quiet.example], action: block, silent: true}
  - {name: print, direction: inbound, from: [hq-sg], to: [printers], ports: [tcp/9100], action: allow}
unidentified: {unknown-protocol: allow, fragment: allow}
)";

constexpr uint64_t kSlots = 1024, kHourMs = 3'600'000;

uint64_t sum(const Counter (&counters)[kReasonCount]) {
  uint64_t all = 0;
  for (const Counter& counter : counters) all += counter.get();
  return all;
}

struct World {
  World()
      : policy(test::make_policy(test::kOffice + kRules)),
        ring_memory(
            static_cast<std::byte*>(std::aligned_alloc(64, sizeof(RingHeader) + kSlots * kSlotBytes))) {
    ring = new (ring_memory) RingHeader{kSlots, 0, 0};
    events = std::make_unique<EventRing>(*ring);
    PipelineConfig config;
    config.flows = 64;
    config.undecided = 16;
    config.bindings = 16;
    config.ports[0] = {0, Side::Lan};
    config.ports[1] = {0, Side::Line};
    config.port_count = 2;
    config.lines[0] = "line-a";
    config.verify_checksums = false;
    test::start_eal();
    pipeline = Pipeline::create(config, test::test_pool(), stats, *events);
    pipeline->set_policy(policy->policy.get(), &policy->scratch);
  }
  std::unique_ptr<test::TestPolicy> policy;
  std::byte* ring_memory;
  RingHeader* ring;
  WorkerStats stats;
  std::unique_ptr<EventRing> events;
  std::unique_ptr<Pipeline> pipeline;
  Output output;
  Clock now{1, 1};
  uint64_t seen() const { return sum(stats.passed) + sum(stats.dropped) + stats.fragments.get(); }
};

}  // namespace

/// data: frames, each after a byte of flags (1: from the line, 2: in short buffers, 4: time passes) and two
/// of size.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static World world;
  const unsigned in_use = rte_mempool_in_use_count(test::test_pool());
  while (size > 3) {
    const uint8_t how = data[0];
    const size_t frame_size = std::min<size_t>(size - 3, data[1] | (data[2] & 15) << 8);
    const test::Bytes frame(data + 3, data + 3 + frame_size);
    data += 3 + frame_size;
    size -= 3 + frame_size;
    if (frame.empty()) continue;
    if (how & 4) {
      world.now.ms += 20'000;
      world.pipeline->housekeeping(world.now);
    }
    rte_mempool* pool = test::test_pool();
    rte_mbuf* mbuf = how & 2 ? test::to_mbuf(pool, frame, 40) : test::to_exact_mbuf(pool, frame);
    mbuf->port = how & 1;
    const uint64_t before = world.seen();
    world.pipeline->process({&mbuf, 1}, world.now, world.output);
    world.pipeline->housekeeping(world.now);
    // No packet is lost sight of: each passes or is dropped, by a reason, or waits for the rest of its
    // datagram.
    if (world.seen() != before + 1) std::abort();
    for (auto& batch : world.output.ports) {
      for (uint16_t i = 0; i < batch.count; ++i) rte_pktmbuf_free(batch.packets[i]);
      batch.count = 0;
    }
    world.ring->tail.store(world.ring->head.load());
  }
  // Nothing of this input outlives it: every flow times out, every buffer comes back.
  world.now.ms += 3 * kHourMs;
  world.pipeline->housekeeping(world.now);
  if (world.stats.flows.get() != 0 || world.stats.undecided.get() != 0) std::abort();
  if (rte_mempool_in_use_count(test::test_pool()) != in_use) std::abort();
  return 0;
}
