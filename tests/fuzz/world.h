// tests: a pipeline with a small policy, for the fuzz targets that send frames through the whole way.
#pragma once

#include <rte_mbuf.h>

#include <cstdlib>
#include <memory>
#include <string>

#include "dataplane/log/event_ring.h"
#include "dataplane/worker/pipeline.h"
#include "tests/support/eal.h"
#include "tests/support/frame.h"
#include "tests/support/policy.h"

namespace sluice::test {

/// Port 0 is the LAN's, port 1 the line's.
class World {
 public:
  /// rules: added to kOffice.
  World(const std::string& rules, bool verify_checksums)
      : policy_(make_policy(kOffice + rules)),
        ring_(new (std::aligned_alloc(64, sizeof(RingHeader) + kSlots * kSlotBytes))
                  RingHeader{kSlots, 0, 0}),
        events_(*ring_) {
    PipelineConfig config;
    config.flows = 64;
    config.undecided = 16;
    config.bindings = 16;
    config.ports[0] = {0, Side::Lan};
    config.ports[1] = {0, Side::Line};
    config.port_count = 2;
    config.lines[0] = "line-a";
    config.verify_checksums = verify_checksums;
    start_eal();
    in_use_ = rte_mempool_in_use_count(test_pool());
    pipeline_ = Pipeline::create(config, test_pool(), stats_, events_);
    pipeline_->set_policy(policy_->policy.get(), &policy_->scratch);
  }

  /// Time passes; sent: as in send().
  template <class Sent>
  void wait(uint64_t ms, Sent sent) {
    now_.ms += ms;
    pipeline_->housekeeping(now_, output_);
    take_output(sent);
  }

  /// Sends mbuf, whose port is set, through the pipeline, and calls sent(port, frame) for what leaves. Aborts
  /// where the packet is lost sight of: each passes or is dropped, by a reason, or waits for the rest of its
  /// datagram.
  template <class Sent>
  void send(rte_mbuf* mbuf, Sent sent) {
    const uint64_t before = seen();
    pipeline_->process({&mbuf, 1}, now_, output_);
    pipeline_->housekeeping(now_, output_);
    if (seen() != before + 1) std::abort();
    take_output(sent);
    ring_->tail.store(ring_->head.load());
  }

  /// Every flow times out and every buffer comes back; aborts where one does not.
  void end() {
    wait(3 * kHourMs, [](uint16_t, const rte_mbuf&) {});
    if (stats_.flows.get() != 0 || stats_.undecided.get() != 0) std::abort();
    if (rte_mempool_in_use_count(test_pool()) != in_use_) std::abort();
  }

 private:
  static constexpr uint64_t kSlots = 1024, kHourMs = 3'600'000;
  template <class Sent>
  void take_output(Sent sent) {
    for (uint16_t port = 0; port < 2; ++port) {
      auto& batch = output_.ports[port];
      for (uint16_t i = 0; i < batch.count; ++i) {
        sent(port, *batch.packets[i]);
        rte_pktmbuf_free(batch.packets[i]);
      }
      batch.count = 0;
    }
  }
  static uint64_t sum(const Counter (&counters)[kReasonCount]) {
    uint64_t all = 0;
    for (const Counter& counter : counters) all += counter.get();
    return all;
  }
  uint64_t seen() const { return sum(stats_.passed) + sum(stats_.dropped) + stats_.fragments.get(); }

  std::unique_ptr<TestPolicy> policy_;
  RingHeader* ring_;
  WorkerStats stats_;
  EventRing events_;
  std::unique_ptr<Pipeline> pipeline_;
  Output output_;
  Clock now_{1, 1};
  unsigned in_use_ = 0;
};

}  // namespace sluice::test
