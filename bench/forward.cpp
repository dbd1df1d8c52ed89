// bench: the gateway's own data plane between two virtual ports for some seconds: what a packet costs.
#include <rte_eal.h>
#include <rte_mbuf.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <numeric>
#include <string>
#include <vector>

#include "bench/meter.h"
#include "bench/rings.h"
#include "control/policy/policy_compiler.h"
#include "dataplane/boot/data_plane.h"

namespace sluice::bench {
namespace {

constexpr uint32_t kCaptureBuffers = 131'071;  ///< net_pcap keeps the whole capture in them
constexpr uint32_t kRingBuffers = 16'383;
constexpr double kWarmUpSeconds = 1, kRingsWarmUpSeconds = 0.3, kMostWarmUpSeconds = 10, kLookSeconds = 0.1;
constexpr double kPatienceSeconds = 60, kSecondsAFlow = 50e-6;  ///< until all flows must be open
constexpr uint64_t kSeed = 42;  ///< so that who owns a client can be asked beforehand

struct Wish {
  std::string policy;
  double seconds = 5;
  uint32_t rings = 0;  ///< flows of each worker, on ring ports; 0: the ports are named
  bool mixed = false, elsewhere = false;
};

struct Totals {
  uint64_t received = 0, decided = 0, allowed = 0, not_allowed = 0, dropped = 0, handed_over = 0;
};

Totals totals_of(const SharedMemory& shared, uint32_t workers) {
  Totals sum;
  for (uint32_t worker = 0; worker < workers; ++worker) {
    const WorkerStats& stats = shared.stats(worker);
    for (const PortStats& port : stats.ports[0]) sum.received += port.rx_packets.get();
    sum.decided += stats.passed[static_cast<size_t>(Reason::Decided)].get();
    sum.handed_over += stats.handed_over.get();
    for (size_t reason = 0; reason < kReasonCount; ++reason) {
      sum.allowed += stats.accesses[static_cast<size_t>(Action::Allowed)][reason].get();
      sum.not_allowed += stats.accesses[static_cast<size_t>(Action::Blocked)][reason].get();
      // A port that always has more makes the worker late, and what is not decided yet give way.
      if (const auto why = static_cast<Reason>(reason); why != Reason::TxFull && why != Reason::Overload)
        sum.dropped += stats.dropped[reason].get();
    }
  }
  return sum;
}

void wait(double seconds) {
  usleep(static_cast<useconds_t>(seconds * 1e6));
}

/// Nearly every packet belonged to a decided flow.
bool nearly_all_decided(const Totals& before, const Totals& after) {
  return (after.decided - before.decided) * 100 >= (after.received - before.received) * 99;
}

/// A port that always has more leaves little time for flows that are not decided yet: a slow machine takes
/// seconds for all of them. Whether they are is checked again of what is timed.
void wait_for_decisions(const SharedMemory& shared, uint32_t workers) {
  const double until = seconds_now() + kMostWarmUpSeconds;
  for (bool decided = false; !decided && seconds_now() < until;) {
    const Totals before = totals_of(shared, workers);
    wait(kLookSeconds);
    decided = nearly_all_decided(before, totals_of(shared, workers));
  }
}

/// Says why; what was brought up is then taken down in order.
int give_up(const std::string& why) {
  std::fprintf(stderr, "bench-forward: %s\n", why.c_str());
  return 1;
}

/// The worker of each client, as the pipeline itself says it.
std::vector<uint8_t> owners(uint32_t workers) {
  std::vector<uint8_t> out(kClients, 0);
  if (workers == 1) return out;
  SharedMemory shared;
  const std::string_view line = "line-a";
  rte_mempool* pool = rte_pktmbuf_pool_create("owners", 63, 0, 0, 2048, SOCKET_ID_ANY);
  if (pool == nullptr || !shared.create(1, {&line, 1}, 1024)) return {};
  EventRing events(shared.ring(0));
  PipelineConfig config;
  config.workers = static_cast<uint8_t>(workers);
  config.ports[1] = {0, Side::Line};
  config.port_count = 2;
  config.seed = kSeed;
  const auto pipeline = Pipeline::create(config, pool, shared.stats(0), events);
  const auto output = std::make_unique<Output>();
  for (uint32_t client = 0; pipeline != nullptr && client < kClients; ++client) {
    Feed feed({client}, false);
    rte_mbuf* mbuf = rte_pktmbuf_alloc(pool);
    mbuf->port = 0;
    rte_pktmbuf_append(mbuf, feed.data(0, rte_pktmbuf_mtod(mbuf, uint8_t*)));
    pipeline->process({&mbuf, 1}, {1, 1}, *output);
    if (output->handover_count != 0) out[client] = output->owner[0];
    rte_pktmbuf_free_bulk(output->handover.data(), output->handover_count);
    output->handover_count = 0;
    for (Output::Batch& batch : output->ports) {
      rte_pktmbuf_free_bulk(batch.packets.data(), batch.count);
      batch.count = 0;
    }
  }
  rte_mempool_free(pool);
  return pipeline == nullptr ? std::vector<uint8_t>() : out;
}

/// For each worker flows of clients that live there; elsewhere: flows of the next worker's clients.
std::vector<std::unique_ptr<Feed>> feeds_of(const Wish& wish, uint32_t workers) {
  const std::vector<uint8_t> owner = owners(workers);
  std::vector<std::vector<uint32_t>> flows(workers);
  for (uint32_t number = 0, full = 0; !owner.empty() && full < workers; ++number) {
    auto& some = flows[(owner[number % kClients] + wish.elsewhere) % workers];
    if (some.size() == wish.rings) continue;
    some.push_back(number);
    full += some.size() == wish.rings;
  }
  std::vector<std::unique_ptr<Feed>> out;
  for (auto& some : flows) out.push_back(std::make_unique<Feed>(std::move(some), wish.mixed));
  return out;
}

/// What control does with the records, or the ring would be full; until all flows are open.
bool shake_hands(const Rings& rings, const DataPlane& plane, uint32_t workers, uint64_t flows) {
  const double until = seconds_now() + kPatienceSeconds + kSecondsAFlow * static_cast<double>(flows);
  for (; !rings.established(); usleep(1000)) {
    for (uint32_t worker = 0; worker < workers; ++worker) {
      RingHeader& ring = plane.shared().ring(worker);
      ring.tail.store(ring.head.load());
    }
    if (seconds_now() > until) return false;
  }
  return true;
}

int run(const Wish& wish, Options& options) {
  const control::Compiled compiled = control::compile_policy(wish.policy, 1);
  for (const auto& diagnostic : compiled.diagnostics)
    std::fprintf(stderr, "%s\n", control::to_string(diagnostic).c_str());
  if (!compiled.policy) return give_up("the policy does not compile");
  ImageError error = ImageError::None;
  auto generation = Generation::build(compiled.policy->image(), options.workers, error);
  if (!generation) return give_up("the image is refused: " + std::string(text_of(error)));
  if (const BootError refused = start_eal(options); !refused.empty()) return give_up(refused);
  GenerationSwitch generations;
  if (!generations.create(options.workers)) return give_up("no memory");
  generations.publish(std::move(generation));
  std::unique_ptr<Rings> rings;  // outlives the data plane, which stops the workers when it goes
  DataPlane plane(options);
  BootError why = plane.prepare(generations);
  if (why.empty()) why = plane.open_ports();
  double bare_ns = 0, swap_ns = 0;
  if (why.empty() && wish.rings != 0) {
    rings = std::make_unique<Rings>(feeds_of(wish, options.workers));
    if (!rings->fill()) return give_up("no memory for the packets");
    if (options.workers == 1) bare_ns = rings->swap_addresses(wish.seconds);
    if (!rings->attach()) return give_up("no memory for the ports");
    if (options.workers == 1) swap_ns = rings->swap_addresses(wish.seconds);
    rings->begin_handshakes();
  }
  if (why.empty()) why = plane.launch();
  if (!why.empty()) return give_up(why);

  const uint64_t flows = uint64_t{wish.rings} * options.workers;
  if (rings != nullptr && !shake_hands(*rings, plane, options.workers, flows))
    return give_up("the flows do not open");
  wait(rings != nullptr ? kRingsWarmUpSeconds : kWarmUpSeconds);
  wait_for_decisions(plane.shared(), options.workers);
  const double from = seconds_now();
  const Totals before = totals_of(plane.shared(), options.workers);
  wait(wish.seconds);
  const Totals after = totals_of(plane.shared(), options.workers);
  const double took = seconds_now() - from;
  plane.stop();

  const uint64_t packets = after.received - before.received;
  const uint64_t handed_over = after.handed_over - before.handed_over;
  // Right answers first: every flow was allowed, nothing was dropped, nearly every packet belonged to a
  // decided flow, and was where its client lives, or was not.
  const bool right = packets != 0 && after.not_allowed == 0 && after.dropped == 0 &&
                     (flows == 0 ? after.allowed != 0 : after.allowed == flows) &&
                     nearly_all_decided(before, after) &&
                     (flows == 0 || handed_over * 100 >= packets * (wish.elsewhere ? 99 : 0)) &&
                     (flows == 0 || wish.elsewhere || handed_over == 0);
  const double ns = packets == 0 ? 0.0 : took * 1e9 / static_cast<double>(packets);
  std::printf(
      "{\"packets\":%llu,\"seconds\":%.3f,\"ns_per_packet\":%.2f,\"cpu_ns_per_packet\":%.2f,\"bare_swap_ns\":"
      "%.2f,"
      "\"swap_ns\":%.2f,\"accesses\":%llu,\"verdicts_ok\":%s}\n",
      static_cast<unsigned long long>(packets), took, ns, ns * options.workers, bare_ns, swap_ns,
      static_cast<unsigned long long>(after.allowed), right ? "true" : "false");
  return right ? 0
               : give_up("a verdict was wrong; the figures mean nothing: " + std::to_string(after.allowed) +
                         " accesses allowed, " + std::to_string(after.not_allowed) + " not, " +
                         std::to_string(after.dropped) + " packets dropped, " +
                         std::to_string(after.decided - before.decided) + " of " + std::to_string(packets) +
                         " of decided flows, " + std::to_string(handed_over) + " handed over");
}

}  // namespace
}  // namespace sluice::bench

int main(int argc, char** argv) {
  CLI::App app{"Forwards between two virtual ports and tells what a packet costs."};
  std::string line = "line-a";
  std::vector<std::string> ports;
  sluice::bench::Wish wish;
  sluice::Options options;
  app.add_option("--policy", wish.policy, "policy directory, as bench-captures writes it")->required();
  app.add_option("--seconds", wish.seconds, "how long to measure")->check(CLI::Range(0.1, 3600.0));
  auto* vdev = app.add_option("--vdev", ports, "two DPDK vdevs: the LAN's and the line's")->expected(2);
  auto* rings =
      app.add_option("--rings", wish.rings,
                     "instead of --vdev: ring ports, and so many open flows for each worker, touched at "
                     "random; with one worker swapping of MAC addresses is measured before, with the "
                     "same packets (swap_ns) and without making them (bare_swap_ns)");
  vdev->excludes(rings);
  app.add_flag("--mixed", wish.mixed, "rings: frames of 64, 576 and 1500 bytes, not of 64")->needs(rings);
  app.add_flag("--elsewhere", wish.elsewhere,
               "rings: every packet arrives at another worker than its client's")
      ->needs(rings);
  app.add_option("--workers", options.workers, "poll-mode workers")->check(CLI::Range(1, 16));
  CLI11_PARSE(app, argc, argv);
  if (wish.rings == 0 && ports.empty())
    return std::fputs("bench-forward: --vdev or --rings, please\n", stderr), 2;
  if (wish.rings != 0) ports = {"net_ring0", "net_ring1"};
  options.spin = true;
  options.seed = sluice::bench::kSeed;
  options.flows = std::max(options.flows, wish.rings + wish.rings / 4);
  options.buffers = wish.rings != 0 ? sluice::bench::kRingBuffers : sluice::bench::kCaptureBuffers;
  sluice::PairSpec pair;
  pair.line = line;
  for (unsigned side = 0; side < 2; ++side) {
    sluice::PortSpec& spec = side == 0 ? pair.lan : pair.toward_line;
    if (!sluice::parse_port(ports[side], side, options.workers, 0, spec))
      return sluice::bench::give_up(ports[side] + ": not a DPDK vdev");
  }
  options.pairs.push_back(pair);
  const int status = sluice::bench::run(wish, options);
  const std::string left_behind = rte_eal_get_runtime_dir();
  rte_eal_cleanup();
  std::error_code ignored;
  std::filesystem::remove_all(left_behind, ignored);
  return status;
}
