// bench: the gateway without any port: traffic from memory through the rooms, and what came of it.
#pragma once

#include <rte_mbuf.h>
#include <rte_mempool.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include "bench/feed.h"
#include "bench/meter.h"
#include "bench/site.h"
#include "bench/traffic.h"
#include "dataplane/replay/gateway.h"
#include "tests/support/eal.h"

namespace sluice::bench {

class Gateway {
 public:
  explicit Gateway(const SiteSize& site = {}, uint32_t flows = 262'144) : policy_(open_site(site)) {
    PipelineConfig config;
    config.flows = flows;
    config.undecided = 65'536;  // of HTTP each connection keeps its reader
    config.lines[0] = "line-a";
    test::start_eal();
    pool_ = test::make_pool("bench", 8191, 2048);
    gateway_ = replay::Gateway::create(config, pool_, *policy_->policy, policy_->scratch, 1 << 16);
    if (!gateway_) fail("no memory");
  }
  ~Gateway() {
    gateway_.reset();
    rte_mempool_free(pool_);
  }
  Gateway(const Gateway&) = delete;
  Gateway& operator=(const Gateway&) = delete;

  /// Takes all of traffic through the pipeline, or, for comparison, only through the buffers. Returns
  /// nanoseconds a packet.
  double run(const Traffic& traffic, bool process) {
    size_t at = 0;
    return run(traffic.frames.size(), process, [&](size_t, rte_mbuf& mbuf) {
      const Traffic::At& frame = traffic.frames[at++];
      std::ranges::copy(traffic.frame(frame), rte_pktmbuf_mtod(&mbuf, uint8_t*));
      rte_pktmbuf_append(&mbuf, frame.size);
      mbuf.port = frame.port;
    });
  }
  /// The same for so many packets of feed's open flows. Only what begins them is written.
  double run(Feed& feed, size_t packets, bool process) {
    return run(packets, process, [&](size_t burst, rte_mbuf& mbuf) {
      mbuf.port = burst % 2;
      rte_pktmbuf_append(&mbuf, feed.data(mbuf.port, rte_pktmbuf_mtod(&mbuf, uint8_t*)));
    });
  }
  /// Opens feed's flows.
  void open(Feed& feed) {
    while (!feed.established())
      (void)run(2 * kBurst, true, [&](size_t burst, rte_mbuf& mbuf) {
        mbuf.port = burst % 2;
        Feed::Receipt receipt;
        rte_pktmbuf_append(&mbuf, feed.shake_hands(mbuf.port, rte_pktmbuf_mtod(&mbuf, uint8_t*), receipt));
        receipt.sign();  // nothing is lost here; all is counted below
      });
    if (stats().flows.get() != feed.flows()) fail("not all flows are open");
  }

  /// Ends the program where something else came of so many rounds of the traffic than must.
  void check(const Traffic& traffic, size_t rounds) {
    const size_t allowed = accesses(Action::Allowed), blocked = accesses(Action::Blocked);
    if (allowed != traffic.allowed * rounds || blocked != traffic.blocked * rounds ||
        accesses(Action::Observed) != 0 || dropped() != blocked || stats().records_lost.get() != 0)
      fail("a wrong verdict: " + std::to_string(allowed) + " of " + std::to_string(traffic.allowed * rounds) +
           " accesses allowed, " + std::to_string(blocked) + " of " +
           std::to_string(traffic.blocked * rounds) + " blocked; " + std::to_string(dropped()) +
           " packets dropped");
  }
  uint64_t decided() { return stats().passed[static_cast<size_t>(Reason::Decided)].get(); }
  uint64_t dropped() { return sum(stats().dropped); }

  void forget_flows() {
    constexpr uint64_t kLongMs = 4ULL * 3'600'000;  // after which no flow is left
    now_.ms += kLongMs;
    while (stats().flows.get() != 0) housekeep();
  }

 private:
  /// fill(burst, mbuf): makes a packet. The clock stands still but for a millisecond a thousand packets.
  template <class Fill>
  double run(size_t packets, bool process, Fill fill) {
    const auto begun = std::chrono::steady_clock::now();
    for (size_t done = 0, number = 0; done < packets; done += kBurst, ++number) {
      const size_t count = std::min<size_t>(kBurst, packets - done);
      rte_mbuf* burst[kBurst];
      if (rte_pktmbuf_alloc_bulk(pool_, burst, static_cast<unsigned>(count)) != 0)
        fail("no buffers are left");
      for (rte_mbuf* mbuf : std::span(burst).first(count)) fill(number, *mbuf);
      if (process) {
        gateway_->process(std::span(burst).first(count), now_);
        if (number % (1000 / kBurst) == 0) housekeep();
        gateway_->clear_output();
      } else {
        rte_pktmbuf_free_bulk(burst, static_cast<unsigned>(count));
      }
    }
    return std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - begun).count() /
           static_cast<double>(packets);
  }
  void housekeep() {
    now_.ms += 1;
    now_.utc_ns += 1'000'000;
    gateway_->housekeeping(now_);
    gateway_->discard_records();
    gateway_->clear_output();
  }
  WorkerStats& stats() { return gateway_->stats(); }
  static uint64_t sum(const Counter (&counters)[kReasonCount]) {
    uint64_t all = 0;
    for (const Counter& counter : counters) all += counter.get();
    return all;
  }
  uint64_t accesses(Action action) { return sum(stats().accesses[static_cast<size_t>(action)]); }

  std::unique_ptr<test::TestPolicy> policy_;
  rte_mempool* pool_ = nullptr;
  std::unique_ptr<replay::Gateway> gateway_;
  Clock now_{1, std::chrono::duration_cast<std::chrono::nanoseconds>(
                    std::chrono::system_clock::now().time_since_epoch())
                    .count()};
};

}  // namespace sluice::bench
