// tests: the poll loop between ports that are only rings: what others do not take is dropped and counted.
#include "dataplane/worker/poll_loop.h"

#include <gtest/gtest.h>
#include <rte_eth_ring.h>
#include <rte_mbuf.h>
#include <rte_rcu_qsbr.h>
#include <rte_ring.h>
#include <rte_ring_elem.h>

#include <cstdlib>
#include <map>
#include <thread>

#include "dataplane/io/port.h"
#include "dataplane/log/event_ring.h"
#include "tests/support/eal.h"
#include "tests/support/frame.h"
#include "tests/support/policy.h"

namespace sluice {
namespace {

using test::Bytes;
using test::Frame;

constexpr uint64_t kSlots = 1024;
constexpr unsigned kRoom = 3 * kRxDescriptors / 2;
constexpr uint64_t kTurns = 3;

uint64_t of(const Counter (&counters)[kReasonCount], Reason reason) {
  return counters[static_cast<size_t>(reason)].get();
}

rte_ring* make_ring(const std::string& name, unsigned room) {
  rte_ring* ring = rte_ring_create(name.c_str(), room, SOCKET_ID_ANY, RING_F_EXACT_SZ);
  EXPECT_NE(ring, nullptr) << name;
  return ring;
}

/// A port that receives from one ring and sends to another.
struct RingPort {
  RingPort(const std::string& name, unsigned tx_room)
      : rx(make_ring(name + "-rx", kRoom)), tx(make_ring(name + "-tx", tx_room)) {
    const int made = rte_eth_from_rings(name.c_str(), &rx, 1, &tx, 1, 0);
    EXPECT_GE(made, 0);
    number = static_cast<uint16_t>(made);
    EXPECT_EQ(start_port(number, 1, 0, test::test_pool()).what, nullptr);
  }
  ~RingPort() {
    stop_port(number);
    rte_ring_free(rx);
    rte_ring_free(tx);
  }
  void arrives(const Bytes& frame) const { rte_ring_enqueue(rx, test::to_mbuf(test::test_pool(), frame)); }

  rte_ring *rx, *tx;
  uint16_t number = 0;
};

void empty_out(rte_ring* ring) {
  void* mbuf = nullptr;
  while (rte_ring_dequeue(ring, &mbuf) == 0) rte_pktmbuf_free(static_cast<rte_mbuf*>(mbuf));
}

struct PollLoop : testing::Test {
  static constexpr unsigned kLineRoom = 2;

  // Once for all tests: the EAL keeps the numbers of ports that were closed.
  static void SetUpTestSuite() {
    lan = std::make_unique<RingPort>("lan", kRoom);
    line = std::make_unique<RingPort>("line", kLineRoom);
  }
  static void TearDownTestSuite() {
    lan.reset();
    line.reset();
  }

  PollLoop()
      : policy(test::make_policy(test::kOffice)),
        memory(static_cast<std::byte*>(std::aligned_alloc(64, sizeof(RingHeader) + kSlots * kSlotBytes))),
        events(*new (memory) RingHeader{kSlots, {}, {}, {}}),
        quiescence(static_cast<rte_rcu_qsbr*>(std::aligned_alloc(64, rte_rcu_qsbr_get_memsize(64)))) {
    rte_rcu_qsbr_init(quiescence, 64);
  }
  ~PollLoop() override {
    empty_out(lan->tx);
    empty_out(line->tx);
    std::free(quiescence);
    std::free(memory);
  }

  /// Runs worker 0 of so many until it has taken all that arrived.
  void run(uint8_t workers) {
    PipelineConfig config;
    config.workers = workers;
    config.ports[lan->number] = {0, Side::Lan};
    config.ports[line->number] = {0, Side::Line};
    config.port_count = 2;
    config.lines[0] = "line-a";
    const auto pipeline = Pipeline::create(config, test::test_pool(), stats, events);
    pipeline->set_policy(policy->policy.get(), &policy->scratch);
    std::atomic<Generation*> none = nullptr;
    std::atomic<bool> stop = false;
    Loop loop;
    loop.workers = workers;
    loop.port_count = 2;
    loop.ports = config.ports;
    loop.pipeline = pipeline.get();
    loop.stats = &stats;
    loop.handover = handover;
    loop.news[0] = news;
    loop.told = told.get();
    loop.generation = &none;
    loop.quiescence = quiescence;
    loop.stop = &stop;
    std::thread worker([&loop] { run_loop(loop); });
    while (rte_ring_count(lan->rx) != 0) std::this_thread::yield();
    const uint64_t turns = stats.turns.count();
    while (stats.turns.count() < turns + kTurns) std::this_thread::yield();
    stop = true;
    worker.join();
  }

  static inline std::unique_ptr<RingPort> lan, line;
  std::unique_ptr<test::TestPolicy> policy;
  std::byte* memory;
  WorkerStats stats;
  EventRing events;
  rte_rcu_qsbr* quiescence;
  std::array<rte_ring*, kMaxWorkers> handover{};
  rte_ring* news = nullptr;
  std::unique_ptr<rte_ring, decltype(&rte_ring_free)> told{
      rte_ring_create_elem("told", sizeof(DnsNews), kRoom, SOCKET_ID_ANY, RING_F_EXACT_SZ), rte_ring_free};
};

TEST_F(PollLoop, WhatAFullPortDoesNotTakeIsDropped) {
  for (int i = 0; i < 5; ++i) lan->arrives(Frame().ethertype(0x0806).payload(Bytes(46)).build());
  run(1);
  EXPECT_EQ(of(stats.passed, Reason::NotIp), 5u);
  EXPECT_EQ(of(stats.dropped, Reason::TxFull), 5u - kLineRoom);
  EXPECT_EQ(rte_ring_count(line->tx), kLineRoom);
}

TEST_F(PollLoop, ABurstsTimeIsCountedForEachOfItsPackets) {
  for (int i = 0; i < 5; ++i) lan->arrives(Frame().ethertype(0x0806).payload(Bytes(46)).build());
  run(1);
  EXPECT_EQ(stats.forwarding.count(), 5u);
  EXPECT_GT(stats.forwarding.sum_ns(), 0u);
  // A turn takes its bursts in; the last one was not over when the loop was told to stop.
  EXPECT_GE(stats.turns.count(), kTurns);
  EXPECT_GE(stats.turns.sum_ns() * 5, stats.forwarding.sum_ns());
}

TEST_F(PollLoop, WhoTakesAQuarterOfAQueueWithoutAnEndFallsBehind) {
  uint16_t port = 20'000;
  const auto arrive = [&](unsigned count) {
    for (unsigned i = 0; i < count; ++i)
      lan->arrives(Frame().ip("10.20.1.7", "198.51.100.9").tcp(port++, 443, kSyn).build());
    run(1);
  };
  for (int i = 0; i < 3; ++i) arrive(kRxDescriptors / 4 - 1);
  EXPECT_EQ(of(stats.dropped, Reason::Overload), 0u);
  arrive(kRoom);
  const uint64_t shed = of(stats.dropped, Reason::Overload);
  EXPECT_GT(shed, 0u);
  EXPECT_LE(shed, kRoom - kRxDescriptors / 4 + kBurst);
  EXPECT_EQ(of(stats.passed, Reason::Undecided), 3 * (kRxDescriptors / 4 - 1) + kRoom - shed);
}

TEST_F(PollLoop, PacketsFromAnotherWorkerAreTimedToo) {
  handover[0] = make_ring("to-this-one", kRoom);
  news = rte_ring_create_elem("news-timed", sizeof(DnsNews), kRoom, SOCKET_ID_ANY, RING_F_EXACT_SZ);
  for (int i = 0; i < 3; ++i) {
    rte_mbuf* mbuf =
        test::to_mbuf(test::test_pool(), Frame().ip("10.20.1.7", "198.51.100.9").udp(40000, 9000).build());
    mbuf->port = lan->number;
    rte_ring_enqueue(handover[0], mbuf);
  }
  run(2);
  EXPECT_EQ(stats.forwarding.count(), 3u);
  for (rte_ring* ring : {handover[0], news}) rte_ring_free(ring);
}

TEST_F(PollLoop, WhatAFullRingToAnotherWorkerDoesNotTakeIsDropped) {
  handover[0] = make_ring("to-this", kRoom);
  handover[1] = make_ring("to-another", 1);
  news = rte_ring_create_elem("news", sizeof(DnsNews), kRoom, SOCKET_ID_ANY, RING_F_EXACT_SZ);
  for (int i = 1; i <= 30; ++i)
    lan->arrives(Frame().ip("10.20.1." + std::to_string(i), "198.51.100.9").udp(40000, 9000).build());
  run(2);
  const uint64_t others = stats.handed_over.get();
  EXPECT_GT(others, 2u);
  EXPECT_EQ(of(stats.dropped, Reason::HandoverFull), others - 1);
  EXPECT_EQ(rte_ring_count(handover[1]), 1u);
  empty_out(handover[1]);
  for (rte_ring* ring : {handover[0], handover[1], news}) rte_ring_free(ring);
}

TEST_F(PollLoop, EachOwnerGetsItsPacketsInTheirOrder) {
  handover[0] = make_ring("to-first", kRoom);
  handover[1] = make_ring("to-second", kRoom);
  handover[2] = make_ring("to-third", kRoom);
  news = rte_ring_create_elem("news-of-three", sizeof(DnsNews), kRoom, SOCKET_ID_ANY, RING_F_EXACT_SZ);
  for (uint16_t port = 1; port <= 30; ++port)  // a client's packets come one after the other, others' between
    for (int client = 1; client <= 8; ++client)
      lan->arrives(Frame().ip("10.20.1." + std::to_string(client), "198.51.100.9").udp(port, 9000).build());
  run(3);
  uint64_t handed_over = 0;
  std::map<std::string, size_t> owner_of;
  for (size_t owner : {1, 2}) {
    std::map<std::string, unsigned> last;
    void* next = nullptr;
    for (unsigned count = 0; rte_ring_dequeue(handover[owner], &next) == 0; ++count, ++handed_over) {
      auto* const mbuf = static_cast<rte_mbuf*>(next);
      const auto* const ip = rte_pktmbuf_mtod_offset(mbuf, const char*, 14);
      const std::string client(ip + 12, 4);
      const unsigned port = static_cast<uint8_t>(ip[20]) << 8 | static_cast<uint8_t>(ip[21]);
      EXPECT_EQ(port, ++last[client]);
      EXPECT_EQ(owner_of.try_emplace(client, owner).first->second, owner);
      rte_pktmbuf_free(mbuf);
    }
    EXPECT_FALSE(last.empty()) << owner;
    for (const auto& [client, packets] : last) EXPECT_EQ(packets, 30u);
  }
  EXPECT_EQ(handed_over, stats.handed_over.get());
  for (rte_ring* ring : {handover[0], handover[1], handover[2], news}) rte_ring_free(ring);
}

TEST_F(PollLoop, WithoutABufferThereIsNoAnswer) {
  rte_mempool* empty = test::make_pool("empty", 1, 256);
  rte_mbuf* last = rte_pktmbuf_alloc(empty);
  PipelineConfig config;
  config.ports[0] = {0, Side::Lan};
  config.ports[1] = {0, Side::Line};
  config.port_count = 2;
  config.lines[0] = "line-a";
  const auto pipeline = Pipeline::create(config, empty, stats, events);
  pipeline->set_policy(policy->policy.get(), &policy->scratch);
  rte_mbuf* mbuf =
      test::to_mbuf(test::test_pool(), Frame().ip("10.20.1.7", "198.51.100.9").udp(40000, 9000).build());
  mbuf->port = 0;
  const auto output = std::make_unique<Output>();
  pipeline->process({&mbuf, 1}, {1000, 1000}, *output);
  EXPECT_EQ(of(stats.dropped, Reason::UnknownProtocol), 1u);
  EXPECT_EQ(of(stats.dropped, Reason::NoBuffer), 1u);
  rte_pktmbuf_free(last);
  rte_mempool_free(empty);
}

}  // namespace
}  // namespace sluice
