// bench: what a packet costs on its way through the rooms, without any port, for each shape of traffic.
#include <rte_mbuf.h>
#include <rte_mempool.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <vector>

#include "bench/name_maker.h"
#include "bench/traffic.h"
#include "dataplane/log/event_ring.h"
#include "dataplane/worker/pipeline.h"
#include "tests/support/eal.h"
#include "tests/support/policy.h"

namespace sluice::bench {
namespace {

constexpr uint32_t kFlows = 262'144, kUndecided = 65'536;  ///< of HTTP each connection keeps its reader
constexpr uint64_t kSlots = 1 << 16;
constexpr uint64_t kLongMs = 4ULL * 3'600'000;  ///< after which no flow is left
constexpr size_t kListed = 10'000;
constexpr unsigned kBuffers = 8191, kRoom = 2048;

[[noreturn]] void fail(const std::string& what) {
  std::fprintf(stderr, "bench-pipeline: %s\n", what.c_str());
  std::exit(1);
}

std::string listed_names() {
  NameMaker maker(1);
  std::string out;
  for (size_t i = 0; i < kListed; ++i) {
    if (i > 0) out += ", ";
    maker.append(out);
  }
  return out;
}

class Gateway {
 public:
  Gateway()
      : policy_(test::make_policy(test::kOffice + "lists: {listed: {names: [" + listed_names() +
                                  "]}}\nrules: [{name: no-listed, to: [listed], action: block}]\n")),
        ring_(new (std::aligned_alloc(64, sizeof(RingHeader) + kSlots * kSlotBytes))
                  RingHeader{kSlots, 0, 0}),
        events_(*ring_) {
    PipelineConfig config;
    config.flows = kFlows;
    config.undecided = kUndecided;
    config.ports[0] = {0, Side::Lan};
    config.ports[1] = {0, Side::Line};
    config.port_count = 2;
    config.lines[0] = "line-a";
    test::start_eal();
    pool_ = test::make_pool("bench", kBuffers, kRoom);
    pipeline_ = Pipeline::create(config, pool_, stats_, events_);
    if (!pipeline_) fail("no memory");
    pipeline_->set_policy(policy_->policy.get(), &policy_->scratch);
  }

  ~Gateway() {
    pipeline_.reset();
    rte_mempool_free(pool_);
    std::free(ring_);
  }
  Gateway(const Gateway&) = delete;
  Gateway& operator=(const Gateway&) = delete;

  /// Takes all of traffic through the pipeline, or, for comparison, only through the buffers. Returns
  /// nanoseconds a packet. The clock stands still but for a millisecond a thousand packets.
  double run(const Traffic& traffic, bool process) {
    const auto begun = std::chrono::steady_clock::now();
    for (size_t at = 0; at < traffic.frames.size(); at += kBurst) {
      const size_t count = std::min<size_t>(kBurst, traffic.frames.size() - at);
      rte_mbuf* burst[kBurst];
      if (rte_pktmbuf_alloc_bulk(pool_, burst, static_cast<unsigned>(count)) != 0)
        fail("no buffers are left");
      for (size_t i = 0; i < count; ++i) {
        const Traffic::At& frame = traffic.frames[at + i];
        std::ranges::copy(traffic.frame(frame),
                          reinterpret_cast<uint8_t*>(rte_pktmbuf_append(burst[i], frame.size)));
        burst[i]->port = frame.port;
      }
      if (process) {
        pipeline_->process(std::span(burst).first(count), now_, output_);
        if ((at / kBurst) % (1000 / kBurst) == 0) housekeep(1);
      } else {
        std::copy_n(burst, count, output_.ports[0].packets.data());
        output_.ports[0].count = static_cast<uint16_t>(count);
      }
      free_output();
    }
    return std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - begun).count() /
           static_cast<double>(traffic.frames.size());
  }

  /// Ends the program where something else came of the traffic than must.
  void check(const Traffic& traffic, size_t rounds) {
    uint64_t accesses = 0, allowed = 0, dropped = 0;
    for (size_t reason = 0; reason < kReasonCount; ++reason) {
      for (size_t action = 0; action < kActionCount; ++action)
        accesses += stats_.accesses[action][reason].get();
      allowed += stats_.accesses[static_cast<size_t>(Action::Allowed)][reason].get();
      dropped += stats_.dropped[reason].get();
    }
    if (allowed != traffic.allowed * rounds || accesses != allowed || dropped != 0 ||
        stats_.records_lost.get() != 0)
      fail("a wrong verdict: " + std::to_string(allowed) + " of " + std::to_string(traffic.allowed * rounds) +
           " accesses allowed, of " + std::to_string(accesses) + "; " + std::to_string(dropped) +
           " packets dropped");
  }

  void forget_flows() {
    now_.ms += kLongMs;
    while (stats_.flows.get() != 0) housekeep(1);
  }

 private:
  void housekeep(uint64_t ms) {
    now_.ms += ms;
    now_.utc_ns += static_cast<int64_t>(ms) * 1'000'000;
    pipeline_->housekeeping(now_, output_);
    ring_->tail.store(ring_->head.load());
  }
  void free_output() {
    for (Output::Batch& batch : std::span(output_.ports).first(2)) {
      rte_pktmbuf_free_bulk(batch.packets.data(), batch.count);
      batch.count = 0;
    }
  }

  std::unique_ptr<test::TestPolicy> policy_;
  RingHeader* ring_;
  WorkerStats stats_;
  EventRing events_;
  rte_mempool* pool_ = nullptr;
  std::unique_ptr<Pipeline> pipeline_;
  Output output_;
  Clock now_{1, std::chrono::duration_cast<std::chrono::nanoseconds>(
                    std::chrono::system_clock::now().time_since_epoch())
                    .count()};
};

double median(std::vector<double> of) {
  std::ranges::sort(of);
  return of[of.size() / 2];
}

void measure(const Shape& shape, size_t flows, size_t rounds) {
  const Traffic traffic = shape.make(flows);
  const auto gateway = std::make_unique<Gateway>();
  std::vector<double> whole, buffers;
  (void)gateway->run(traffic, true);  // memory is touched once
  gateway->check(traffic, 1);
  for (size_t round = 0; round < rounds; ++round) {
    gateway->forget_flows();
    buffers.push_back(gateway->run(traffic, false));
    whole.push_back(gateway->run(traffic, true));
    gateway->check(traffic, round + 2);
  }
  const double ns = median(whole) - median(buffers);
  std::printf(
      "%-8s %9zu packets %8zu flows  %7.1f ns a packet  %8.0f ns a flow  (buffers and copying %5.1f)\n",
      std::string(shape.name).c_str(), traffic.frames.size(), flows, ns,
      ns * static_cast<double>(traffic.frames.size()) / static_cast<double>(flows), median(buffers));
  std::fflush(stdout);
}

}  // namespace
}  // namespace sluice::bench

int main(int argc, char** argv) {
  using namespace sluice::bench;
  CLI::App app{"What a packet costs on its way through the rooms, without any port."};
  std::vector<std::string> wanted;
  size_t flows = 0, rounds = 5;
  bool once = false;
  std::string known;
  for (const Shape& shape : shapes())
    known += "\n  " + std::string(shape.name) + ": " + std::string(shape.what);
  app.add_option("shapes", wanted, "which shapes; all if none is named:" + known);
  app.add_option("--flows", flows, "of each shape, instead of its own number");
  app.add_option("--rounds", rounds, "of which the medians are shown")->check(CLI::Range(1, 1000));
  app.add_flag("--once", once,
               "take each shape through once, time nothing and print the packets: to count instructions");
  CLI11_PARSE(app, argc, argv);
  for (const std::string& name : wanted)
    if (std::ranges::none_of(shapes(), [&](const Shape& shape) { return shape.name == name; })) {
      std::fprintf(stderr, "bench-pipeline: no shape is named %s\n", name.c_str());
      return 2;
    }
  for (const Shape& shape : shapes()) {
    if (!wanted.empty() && std::ranges::find(wanted, shape.name) == wanted.end()) continue;
    const size_t count = flows != 0 ? flows : shape.flows;
    if (once) {
      const Traffic traffic = shape.make(count);
      const auto gateway = std::make_unique<Gateway>();
      (void)gateway->run(traffic, true);
      gateway->check(traffic, 1);
      std::printf("%zu\n", traffic.frames.size());
    } else {
      measure(shape, count, rounds);
    }
  }
}
