// bench: the gateway between rings, and decided flows for it.
#include "bench/ring_gateway.h"

#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_eth_ring.h>
#include <sched.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "tests/support/policy.h"

namespace sluice::bench {
namespace {

constexpr unsigned kCache = 256;
constexpr double kPatience = 5;  ///< seconds that the gateway may take for a few packets
constexpr unsigned kDrained = 64;
constexpr size_t kStepsOfShape = 60, kFramesOfHandshake = 6, kFramesOfEnd = 3;

rte_ring* make_ring(const std::string& name, unsigned room) {
  rte_ring* ring =
      rte_ring_create(name.c_str(), room, SOCKET_ID_ANY, RING_F_EXACT_SZ | RING_F_SP_ENQ | RING_F_SC_DEQ);
  if (ring == nullptr) fail("no memory for a ring");
  return ring;
}

void must(const BootError& error) {
  if (!error.empty()) fail(error);
}

rte_mempool* make_buffers(const char* name, unsigned count, uint16_t bytes) {
  rte_mempool* pool = rte_pktmbuf_pool_create(
      name, count, kCache, 0, static_cast<uint16_t>(RTE_PKTMBUF_HEADROOM + bytes), SOCKET_ID_ANY);
  if (pool == nullptr) fail("no memory for packet buffers");
  return pool;
}

void fill(rte_mbuf* mbuf, std::span<const uint8_t> frame) {
  std::ranges::copy(
      frame, reinterpret_cast<uint8_t*>(rte_pktmbuf_append(mbuf, static_cast<uint16_t>(frame.size()))));
}

}  // namespace

double seconds_of(uint64_t ticks) {
  return static_cast<double>(ticks) / static_cast<double>(rte_get_tsc_hz());
}

std::unique_ptr<Generation> build_generation(const std::string& yaml, uint32_t number,
                                             const control::ReadListFile& read) {
  const control::SourceText source{"bench.yaml", yaml};
  const control::Compiled compiled = control::compile_texts({&source, 1}, ".", read, number);
  if (!compiled.policy) fail("the policy does not compile: " + to_string(compiled.diagnostics.at(0)));
  ImageError error = ImageError::None;
  auto generation = Generation::build(compiled.policy->image(), 1, error);
  if (!generation) fail("the image is refused: " + std::string(text_of(error)));
  return generation;
}

WorkerTime WorkerTime::now() {
  namespace fs = std::filesystem;
  for (const fs::directory_entry& task : fs::directory_iterator("/proc/self/task")) {
    std::string name;
    std::ifstream(task.path() / "comm") >> name;
    if (!name.starts_with("rte-worker")) continue;
    WorkerTime out;
    std::ifstream(task.path() / "schedstat") >> out.ran_s >> out.waited_s;
    return {out.ran_s / 1e9, out.waited_s / 1e9};
  }
  fail("no worker runs");
}

void leave_core(unsigned core) {
  cpu_set_t set;
  CPU_ZERO(&set);
  for (const unsigned other : usable_cores())
    if (other != core) CPU_SET(other, &set);
  if (CPU_COUNT(&set) != 0 && sched_setaffinity(0, sizeof set, &set) != 0) fail("cannot leave a processor");
}

RingGateway::RingGateway(Settings settings) {
  worker_core_ = usable_cores().back();
  options_.spin = !settings.may_sleep;
  options_.cores = {worker_core_};
  PairSpec pair;
  pair.line = "line-a";
  pair.lan.text = pair.lan.device = "net_ring_lan";
  pair.toward_line.text = pair.toward_line.device = "net_ring_line";
  options_.pairs.push_back(pair);
  options_.ring_mb = settings.ring_mb;
  must(start_eal(options_));
  leave_core(worker_core_);
  make_ports();
  if (!generations_.create(1)) fail("no memory");
  generations_.publish(std::move(settings.policy));
  plane_ = std::make_unique<DataPlane>(options_);
  must(plane_->prepare(generations_));
}

void RingGateway::start() {
  must(plane_->open_ports());
  must(plane_->launch());
}

RingGateway::~RingGateway() {
  plane_.reset();
  const std::string left_behind = rte_eal_get_runtime_dir();
  rte_eal_cleanup();
  std::error_code ignored;
  std::filesystem::remove_all(left_behind, ignored);
}

void RingGateway::make_ports() {
  const char* const names[] = {"lan", "line"};
  for (size_t side = 0; side < 2; ++side) {
    rx_[side] = make_ring(std::string("rx-") + names[side], kRxRoom);
    tx_[side] = make_ring(std::string("tx-") + names[side], kTxRoom);
    if (rte_eth_from_rings(names[side], &rx_[side], 1, &tx_[side], 1, 0) < 0) fail("no port of rings");
  }
}

void RingGateway::forget_records() {
  RingHeader& ring = plane_->shared().ring(0);
  ring.tail.store(ring.head.load(std::memory_order_acquire), std::memory_order_release);
}

void RingGateway::play(const Traffic& traffic, size_t frames) {
  rte_mempool* pool = make_buffers("played", 4 * kBurst + 2 * kCache, 1600);
  for (size_t at = 0; at < frames;) {
    // Only frames of one port at a time: between two the gateway would see them in any order.
    const uint16_t port = traffic.frames[at].port;
    unsigned count = 0;
    rte_mbuf* burst[kBurst];
    for (; count < kBurst && at < frames && traffic.frames[at].port == port; ++count, ++at) {
      burst[count] = rte_pktmbuf_alloc(pool);
      if (burst[count] == nullptr) fail("no buffers are left");
      fill(burst[count], traffic.frame(traffic.frames[at]));
    }
    if (rte_ring_enqueue_bulk(rx_[port], reinterpret_cast<void**>(burst), count, nullptr) == 0)
      fail("the gateway's port is full");
    const double until = seconds_now() + kPatience;
    for (unsigned out = 0; out < count;) {
      out += rte_ring_dequeue_burst(tx_[1 - port], reinterpret_cast<void**>(burst), kBurst, nullptr);
      if (seconds_now() > until) fail("the gateway does not pass a packet of an allowed flow");
    }
    rte_pktmbuf_free_bulk(burst, count);
    forget_records();
  }
  rte_mempool_free(pool);
}

DecidedFlows::DecidedFlows(RingGateway& gateway) : gateway_(gateway) {
  const auto shape = std::ranges::find(shapes(), "data64", &Shape::name);
  const Traffic traffic = shape->make({kFlows});
  const size_t opened = kFlows * (kFramesOfHandshake + kStepsOfShape);
  if (traffic.frames.size() != opened + kFlows * kFramesOfEnd) fail("the flows are others than known here");
  const WorkerStats& stats = gateway.stats();
  gateway.play(traffic, opened);
  uint64_t allowed = 0, dropped = 0;
  for (size_t reason = 0; reason < kReasonCount; ++reason) {
    allowed += stats.accesses[static_cast<size_t>(Action::Allowed)][reason].get();
    dropped += stats.dropped[reason].get();
  }
  if (allowed != traffic.allowed || dropped != 0)
    fail("a wrong verdict: " + std::to_string(allowed) + " of " + std::to_string(traffic.allowed) +
         " accesses allowed, " + std::to_string(dropped) + " packets dropped");

  pool_ = make_buffers("decided", 2 * kPacketsEachSide + 1, 256);
  const char* const names[] = {"waiting-lan", "waiting-line"};
  for (size_t side = 0; side < 2; ++side) waiting_[side] = make_ring(names[side], kPacketsEachSide);
  for (size_t at = opened; at-- > kFlows * kFramesOfHandshake;) {
    const Traffic::At& frame = traffic.frames[at];
    if (rte_ring_full(waiting_[frame.port]) != 0) continue;
    rte_mbuf* mbuf = rte_pktmbuf_alloc(pool_);
    if (mbuf == nullptr) fail("no buffers are left");
    fill(mbuf, traffic.frame(frame));
    (void)rte_ring_enqueue(waiting_[frame.port], mbuf);
  }
}

unsigned DecidedFlows::arrive(size_t side, std::span<rte_mbuf*> out) {
  const unsigned count = rte_ring_dequeue_burst(waiting_[side], reinterpret_cast<void**>(out.data()),
                                                static_cast<unsigned>(out.size()), nullptr);
  for (rte_mbuf* mbuf : out.first(count)) {
    volatile uint8_t* const byte = rte_pktmbuf_mtod(mbuf, uint8_t*);
    *byte = *byte;
  }
  return count;
}

DecidedFlows::Count DecidedFlows::offer(size_t side, std::span<rte_mbuf*> packets) {
  const unsigned taken =
      rte_ring_enqueue_burst(gateway_.receives(side), reinterpret_cast<void**>(packets.data()),
                             static_cast<unsigned>(packets.size()), nullptr);
  return give_back(side, packets.subspan(taken));
}

DecidedFlows::Count DecidedFlows::drain() {
  Count all;
  for (size_t side = 0; side < 2; ++side) {
    rte_mbuf* burst[kDrained];
    const unsigned out =
        rte_ring_dequeue_burst(gateway_.sends(side), reinterpret_cast<void**>(burst), kDrained, nullptr);
    const Count count = give_back(1 - side, std::span(burst).first(out));
    all.decided += count.decided;
    all.others += count.others;
  }
  return all;
}

DecidedFlows::Count DecidedFlows::give_back(size_t side, std::span<rte_mbuf*> packets) {
  Count count;
  for (rte_mbuf* mbuf : packets) {
    if (mbuf->pool == pool_) {
      ++count.decided;
      (void)rte_ring_enqueue(waiting_[side], mbuf);
    } else {
      ++count.others;
      rte_pktmbuf_free(mbuf);
    }
  }
  return count;
}

}  // namespace sluice::bench
