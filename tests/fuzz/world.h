// tests: a pipeline with a small policy, for the fuzz targets that send frames through the whole way.
#pragma once

#include <rte_mbuf.h>

#include <cstdlib>
#include <memory>
#include <string>

#include "dataplane/replay/gateway.h"
#include "tests/support/eal.h"
#include "tests/support/frame.h"
#include "tests/support/policy.h"

namespace sluice::test {

/// Port 0 is the LAN's, port 1 the line's.
class World {
 public:
  /// rules: added to kOffice.
  World(const std::string& rules, bool verify_checksums) : policy_(make_policy(kOffice + rules)) {
    PipelineConfig config;
    config.flows = 64;
    config.undecided = 16;
    config.bindings = 16;
    config.lines[0] = "line-a";
    config.verify_checksums = verify_checksums;
    start_eal();
    in_use_ = rte_mempool_in_use_count(test_pool());
    gateway_ = replay::Gateway::create(config, test_pool(), *policy_->policy, policy_->scratch, kSlots);
    if (!gateway_) std::abort();
  }

  /// Time passes; sent: as in send().
  template <class Sent>
  void wait(uint64_t ms, Sent sent) {
    now_.ms += ms;
    gateway_->housekeeping(now_);
    take_output(sent);
  }

  /// Sends mbuf, whose port is set, through the pipeline, and calls sent(port, frame) for what leaves. Aborts
  /// where the packet is lost sight of: each passes or is dropped, by a reason, or waits for the rest of its
  /// datagram.
  template <class Sent>
  void send(rte_mbuf* mbuf, Sent sent) {
    const uint64_t before = seen();
    gateway_->process({&mbuf, 1}, now_);
    gateway_->housekeeping(now_);
    if (seen() != before + 1) std::abort();
    take_output(sent);
    gateway_->discard_records();
  }

  /// Every flow times out and every buffer comes back; aborts where one does not.
  void end() {
    wait(3 * kHourMs, [](uint16_t, const rte_mbuf&) {});
    const WorkerStats& stats = gateway_->stats();
    if (stats.flows.get() != 0 || stats.undecided.get() != 0) std::abort();
    if (rte_mempool_in_use_count(test_pool()) != in_use_) std::abort();
  }

 private:
  static constexpr uint64_t kSlots = 1024, kHourMs = 3'600'000;
  template <class Sent>
  void take_output(Sent sent) {
    for (uint16_t port = 0; port < 2; ++port) {
      const Output::Batch& batch = gateway_->output().ports[port];
      for (uint16_t i = 0; i < batch.count; ++i) sent(port, *batch.packets[i]);
    }
    gateway_->clear_output();
  }
  static uint64_t sum(const Counter (&counters)[kReasonCount]) {
    uint64_t all = 0;
    for (const Counter& counter : counters) all += counter.get();
    return all;
  }
  uint64_t seen() {
    const WorkerStats& stats = gateway_->stats();
    return sum(stats.passed) + sum(stats.dropped) + stats.fragments.get();
  }

  std::unique_ptr<TestPolicy> policy_;
  std::unique_ptr<replay::Gateway> gateway_;
  Clock now_{1, 1};
  unsigned in_use_ = 0;
};

}  // namespace sluice::test
