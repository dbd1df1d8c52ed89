// worker: the poll loop.
#include "dataplane/worker/poll_loop.h"

#include <rte_mbuf.h>
#include <rte_pause.h>
#include <rte_prefetch.h>
#include <rte_rcu_qsbr.h>
#include <rte_ring.h>
#include <rte_ring_elem.h>
#include <time.h>

#include <algorithm>
#include <array>

#include "dataplane/io/port.h"
#include "dataplane/worker/tick_clock.h"

namespace sluice {
namespace {

constexpr uint32_t kIdleTurns = 2000;  ///< empty ones before the first sleep
constexpr long kSleepNs = 50'000;
constexpr uint64_t kHousekeepingMs = 1;
/// Who takes so many packets without coming to a queue's end has fallen behind.
constexpr uint32_t kBehind = kRxDescriptors / 4;

class PollLoop {
 public:
  explicit PollLoop(const Loop& loop) : loop_(loop) {}

  void run() {
    rte_rcu_qsbr_thread_register(loop_.quiescence, loop_.worker);
    rte_rcu_qsbr_thread_online(loop_.quiescence, loop_.worker);
    uint32_t idle_turns = 0;
    uint64_t begun = TickClock::now();
    clock_.set(begun);
    while (!loop_.stop->load(std::memory_order_relaxed)) {
      take_policy();
      const bool busy = turn();
      housekeep(begun);
      rte_rcu_qsbr_quiescent(loop_.quiescence, loop_.worker);
      idle_turns = busy ? 0 : idle_turns + 1;
      if (loop_.may_sleep && idle_turns > kIdleTurns) sleep();
      const uint64_t now = TickClock::now();
      loop_.stats->turns.add(clock_.ns(now - begun));
      begun = now;
    }
    take_policy();  // the one before may be gone
    loop_.pipeline->stop(clock_.at(TickClock::now()));
    rte_rcu_qsbr_thread_offline(loop_.quiescence, loop_.worker);
    rte_rcu_qsbr_thread_unregister(loop_.quiescence, loop_.worker);
  }

 private:
  void take_policy() {
    Generation* now = loop_.generation->load(std::memory_order_acquire);
    const uint64_t serial = now == nullptr ? 0 : now->serial();
    if (serial == serial_) return;
    serial_ = serial;
    loop_.pipeline->set_policy(now == nullptr ? nullptr : &now->policy(),
                               now == nullptr ? nullptr : &now->scratch(loop_.worker));
  }

  /// One burst from every port and from the other workers. True where there was anything.
  bool turn() {
    bool busy = false;
    std::array<rte_mbuf*, kBurst> burst;
    for (uint16_t port = 0; port < loop_.port_count; ++port) {
      const uint16_t count = receive(port, loop_.worker, burst);
      if (count == 0) {
        in_row_[port] = 0;
        continue;
      }
      const uint64_t received = TickClock::now();
      watch(in_row_[port], count);
      PortStats& stats = stats_of(port);
      uint64_t bytes = 0;
      for (rte_mbuf* mbuf : std::span(burst).first(count)) {
        mbuf->port = port;
        rte_prefetch0(rte_pktmbuf_mtod(mbuf, const void*));
        bytes += rte_pktmbuf_pkt_len(mbuf);
      }
      stats.rx_packets.add(count);
      stats.rx_bytes.add(bytes);
      loop_.pipeline->process(std::span(burst).first(count), clock_.at(received), output_);
      finish(received, count);
      busy = true;
    }
    if (loop_.workers > 1 && from_others(burst)) busy = true;
    return busy;
  }

  bool from_others(std::array<rte_mbuf*, kBurst>& burst) {
    const unsigned count = rte_ring_dequeue_burst(loop_.handover[loop_.worker],
                                                  reinterpret_cast<void**>(burst.data()), kBurst, nullptr);
    if (count == 0) {
      others_in_row_ = 0;
    } else {
      const uint64_t received = TickClock::now();
      watch(others_in_row_, count);
      // Their lines lie in the other processor's cache: those of all are fetched together.
      const auto packets = std::span(burst).first(count);
      for (const rte_mbuf* mbuf : packets) rte_prefetch0(mbuf);
      for (const rte_mbuf* mbuf : packets) rte_prefetch0(rte_pktmbuf_mtod(mbuf, const void*));
      loop_.pipeline->take_over(packets, clock_.at(received), output_);
      finish(received, count);
    }
    take_news(loop_.news[loop_.worker]);
    return count != 0;
  }

  /// A full burst leaves more behind. in_row: packets of full bursts in a row.
  void watch(uint32_t& in_row, unsigned count) {
    in_row = count < kBurst ? 0 : in_row + count;
    if (in_row < kBehind) return;
    in_row = 0;
    loop_.pipeline->fall_behind();
  }

  void take_news(rte_ring* ring) {
    DnsNews news;
    while (rte_ring_dequeue_elem(ring, &news, sizeof news) == 0)
      loop_.pipeline->hear(news, clock_.at(TickClock::now()));
  }

  /// Sends and hands over what a burst left behind.
  void finish(uint64_t received, unsigned count) {
    send();
    if (loop_.workers > 1) tell_others();
    loop_.stats->forwarding.add(clock_.ns(TickClock::now() - received), count);
  }

  void send() {
    for (uint16_t port = 0; port < loop_.port_count; ++port) {
      Output::Batch& batch = output_.ports[port];
      if (batch.count == 0) continue;
      const auto packets = std::span(batch.packets).first(batch.count);
      batch.count = 0;
      uint64_t bytes = 0;
      for (rte_mbuf* mbuf : packets) bytes += rte_pktmbuf_pkt_len(mbuf);
      const uint16_t sent = transmit(port, loop_.worker, packets);
      for (rte_mbuf* mbuf : packets.subspan(sent)) {
        bytes -= rte_pktmbuf_pkt_len(mbuf);
        drop(mbuf, Reason::TxFull);
      }
      stats_of(port).tx_packets.add(sent);
      stats_of(port).tx_bytes.add(bytes);
    }
  }

  /// Each owner's packets at once: the ring is shared, and taking a place in it costs much more than a
  /// packet.
  void hand_over() {
    std::array<rte_mbuf*, Output::kMaxHandover> same;
    while (output_.handover_count != 0) {
      const uint8_t owner = output_.owner[0];
      uint16_t count = 0, others = 0;
      for (uint16_t i = 0; i < output_.handover_count; ++i) {
        if (output_.owner[i] == owner) {
          same[count++] = output_.handover[i];
        } else {
          output_.handover[others] = output_.handover[i];
          output_.owner[others++] = output_.owner[i];
        }
      }
      output_.handover_count = others;
      const unsigned taken = rte_ring_enqueue_burst(loop_.handover[owner],
                                                    reinterpret_cast<void**>(same.data()), count, nullptr);
      for (rte_mbuf* mbuf : std::span(same).first(count).subspan(taken)) drop(mbuf, Reason::HandoverFull);
    }
  }

  void tell_others() {
    hand_over();
    for (uint16_t i = 0; i < output_.news_count; ++i)
      for (uint8_t other = 0; other < loop_.workers; ++other)
        if (other != loop_.worker &&
            rte_ring_enqueue_elem(loop_.news[other], &output_.news[i], sizeof(DnsNews)) != 0)
          loop_.stats->news_lost.add();
    output_.news_count = 0;
  }

  void drop(rte_mbuf* mbuf, Reason reason) {
    loop_.stats->dropped[static_cast<size_t>(reason)].add();
    rte_pktmbuf_free(mbuf);
  }

  void housekeep(uint64_t now) {
    if (now - housekept_ < kHousekeepingMs * clock_.ticks_per_ms()) return;
    housekept_ = now;
    clock_.set(TickClock::now());
    take_news(loop_.told);
    loop_.pipeline->housekeeping(clock_.at(TickClock::now()), output_);
    send();
  }

  void sleep() {
    rte_rcu_qsbr_thread_offline(loop_.quiescence, loop_.worker);
    const timespec pause{0, kSleepNs};
    nanosleep(&pause, nullptr);
    rte_rcu_qsbr_thread_online(loop_.quiescence, loop_.worker);
  }

  PortStats& stats_of(uint16_t port) {
    const PortPlace place = loop_.ports[port];
    return loop_.stats->ports[place.pair][place.side == Side::Lan ? 0 : 1];
  }

  const Loop& loop_;
  TickClock clock_;
  uint64_t housekept_ = 0;                    ///< in ticks, as all times here
  std::array<uint32_t, kMaxPorts> in_row_{};  ///< see watch
  uint32_t others_in_row_ = 0;
  uint64_t serial_ = 0;  ///< of the generation in use: its address may come again
  Output output_;
};

}  // namespace

void run_loop(const Loop& loop) {
  PollLoop poll(loop);
  poll.run();
}

}  // namespace sluice
