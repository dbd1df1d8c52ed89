// bench: the gateway's own data plane on two virtual ports for some seconds: what a packet costs.
#include <rte_eal.h>
#include <time.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include "control/policy/policy_compiler.h"
#include "dataplane/boot/data_plane.h"

namespace sluice {
namespace {

constexpr uint32_t kBuffers = 131'071;  ///< net_pcap keeps the whole capture in them
constexpr double kWarmUpSeconds = 1;

struct Totals {
  uint64_t received = 0, decided = 0, allowed = 0, not_allowed = 0, dropped = 0;
};

Totals totals_of(const SharedMemory& shared, uint32_t workers) {
  Totals sum;
  for (uint32_t worker = 0; worker < workers; ++worker) {
    const WorkerStats& stats = shared.stats(worker);
    for (const PortStats& port : stats.ports[0]) sum.received += port.rx_packets.get();
    sum.decided += stats.passed[static_cast<size_t>(Reason::Decided)].get();
    for (size_t reason = 0; reason < kReasonCount; ++reason) {
      sum.allowed += stats.accesses[static_cast<size_t>(Action::Allowed)][reason].get();
      sum.not_allowed += stats.accesses[static_cast<size_t>(Action::Blocked)][reason].get();
      if (static_cast<Reason>(reason) != Reason::TxFull) sum.dropped += stats.dropped[reason].get();
    }
  }
  return sum;
}

double seconds_now() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

void wait(double seconds) {
  usleep(static_cast<useconds_t>(seconds * 1e6));
}

int fail(const std::string& why) {
  std::fprintf(stderr, "bench-forward: %s\n", why.c_str());
  return 1;
}

int run(const std::string& policy, double seconds, Options& options) {
  const control::Compiled compiled = control::compile_policy(policy, 1);
  for (const auto& diagnostic : compiled.diagnostics)
    std::fprintf(stderr, "%s\n", control::to_string(diagnostic).c_str());
  if (!compiled.policy) return fail("the policy does not compile");
  ImageError error = ImageError::None;
  auto generation = Generation::build(compiled.policy->image(), options.workers, error);
  if (!generation) return fail("the image is refused: " + std::string(text_of(error)));
  if (const BootError refused = start_eal(options); !refused.empty()) return fail(refused);
  GenerationSwitch generations;
  if (!generations.create(options.workers)) return fail("no memory");
  generations.publish(std::move(generation));
  DataPlane plane(options);
  BootError why = plane.prepare(generations);
  if (why.empty()) why = plane.open_ports();
  if (why.empty()) why = plane.launch();
  if (!why.empty()) return fail(why);

  wait(kWarmUpSeconds);
  const double from = seconds_now();
  const Totals before = totals_of(plane.shared(), options.workers);
  wait(seconds);
  const Totals after = totals_of(plane.shared(), options.workers);
  const double took = seconds_now() - from;
  plane.stop();

  const uint64_t packets = after.received - before.received;
  // Right answers first: every flow was allowed, nothing was dropped, and nearly every packet belonged to a
  // decided flow.
  const bool right = packets != 0 && after.allowed != 0 && after.not_allowed == 0 && after.dropped == 0 &&
                     (after.decided - before.decided) * 100 >= packets * 99;
  std::printf(
      "{\"packets\":%llu,\"seconds\":%.3f,\"ns_per_packet\":%.2f,\"accesses\":%llu,\"verdicts_ok\":%s}\n",
      static_cast<unsigned long long>(packets), took,
      packets == 0 ? 0.0 : took * 1e9 / static_cast<double>(packets),
      static_cast<unsigned long long>(after.allowed), right ? "true" : "false");
  return right ? 0 : fail("a verdict was wrong; the figures mean nothing");
}

}  // namespace
}  // namespace sluice

int main(int argc, char** argv) {
  CLI::App app{"Forwards between two virtual ports and tells what a packet costs."};
  std::string policy, line = "iplc-sg";
  double seconds = 5;
  std::vector<std::string> ports;
  sluice::Options options;
  app.add_option("--policy", policy, "policy directory")->required();
  app.add_option("--seconds", seconds, "how long to measure")->check(CLI::Range(0.1, 3600.0));
  app.add_option("--vdev", ports, "two DPDK vdevs: the LAN's and the line's")->expected(2)->required();
  app.add_option("--line", line, "the line in the policy that the ports stand for");
  app.add_option("--workers", options.workers, "poll-mode workers")->check(CLI::Range(1, 64));
  CLI11_PARSE(app, argc, argv);
  options.spin = true;
  options.buffers = sluice::kBuffers;
  sluice::PairSpec pair;
  pair.line = line;
  for (unsigned side = 0; side < 2; ++side) {
    sluice::PortSpec& spec = side == 0 ? pair.lan : pair.toward_line;
    if (!sluice::parse_port(ports[side], side, options.workers, 0, spec))
      return sluice::fail(ports[side] + ": not a DPDK vdev");
  }
  options.pairs.push_back(pair);
  const int status = sluice::run(policy, seconds, options);
  const std::string left_behind = rte_eal_get_runtime_dir();
  rte_eal_cleanup();
  std::error_code ignored;
  std::filesystem::remove_all(left_behind, ignored);
  return status;
}
