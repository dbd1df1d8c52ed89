// bench: ring ports and the reference on them.
#include "bench/rings.h"

#include <rte_ethdev.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_mbuf.h>
#include <rte_ring.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <string>

#include "bench/meter.h"

namespace sluice::bench {
namespace {

constexpr uint16_t kPorts = 2, kBurst = 32;
constexpr uint16_t kGentle = 8;      ///< packets that arrive at once while flows are opened
constexpr unsigned kCarriers = 256;  ///< packets on the way from each queue to itself
constexpr unsigned kRing = 1024;     ///< for them, and those that another worker's queue sends here
constexpr uint16_t kEmpty = 60;      ///< bytes of one that nothing has been written into

/// One worker's loop; as dpdk-testpmd's, which this must not be slower than.
struct Swapper {
  std::atomic<bool> stop{false};
  Counter packets;

  static void swap(rte_mbuf& mbuf) {
    auto* ethernet = rte_pktmbuf_mtod(&mbuf, rte_ether_hdr*);
    std::swap(ethernet->src_addr, ethernet->dst_addr);
    mbuf.ol_flags = 0;
    mbuf.l2_len = sizeof(rte_ether_hdr);
    mbuf.l3_len = sizeof(rte_ipv4_hdr);
  }
  void run() {
    std::array<rte_mbuf*, kBurst> burst;
    while (!stop.load(std::memory_order_relaxed)) {
      for (uint16_t port = 0; port < kPorts; ++port) {
        const uint16_t count = rte_eth_rx_burst(port, 0, burst.data(), kBurst);
        for (uint16_t i = 0; i < count; ++i) {
          if (i + 1 < count) __builtin_prefetch(rte_pktmbuf_mtod(burst[i + 1], void*));
          swap(*burst[i]);
        }
        const uint16_t sent = rte_eth_tx_burst(port ^ 1, 0, burst.data(), count);
        rte_pktmbuf_free_bulk(burst.data() + sent, count - sent);
        packets.add(count);
      }
    }
  }
};

/// Kept in each carrier, for the frame that it brings.
Feed::Receipt& receipt_of(rte_mbuf* mbuf) {
  return *static_cast<Feed::Receipt*>(rte_mbuf_to_priv(mbuf));
}
constexpr uint16_t kReceiptRoom = RTE_ALIGN(sizeof(Feed::Receipt), RTE_MBUF_PRIV_ALIGN);

}  // namespace

Rings::Rings(std::vector<std::unique_ptr<Feed>> feeds) : feeds_(std::move(feeds)) {}

Rings::~Rings() {
  for (const auto& queues : queues_)
    for (const Queue& queue : queues) rte_ring_free(queue.ring);
  rte_mempool_free(pool_);
}

bool Rings::fill() {
  const auto queues = static_cast<uint16_t>(feeds_.size());
  pool_ = rte_pktmbuf_pool_create("carriers", kPorts * queues * kCarriers, 0, kReceiptRoom,
                                  RTE_PKTMBUF_HEADROOM + Feed::kRoom, SOCKET_ID_ANY);
  if (pool_ == nullptr) return false;
  for (uint16_t port = 0; port < kPorts; ++port)
    for (uint16_t queue = 0; queue < queues; ++queue)
      for (unsigned i = 0; i < kCarriers; ++i) {
        rte_mbuf* mbuf = new_carrier();
        if (mbuf == nullptr || rte_eth_tx_burst(port, queue, &mbuf, 1) != 1) return false;
      }
  return true;
}

rte_mbuf* Rings::new_carrier() const {
  rte_mbuf* mbuf = rte_pktmbuf_alloc(pool_);
  if (mbuf == nullptr) return nullptr;
  receipt_of(mbuf) = {};
  std::fill_n(reinterpret_cast<uint8_t*>(rte_pktmbuf_append(mbuf, Feed::kRoom)), Feed::kRoom, uint8_t{0});
  (void)rte_pktmbuf_trim(mbuf, Feed::kRoom - kEmpty);
  return mbuf;
}

uint16_t Rings::shake_hands(Feed& feed, uint16_t port, rte_mbuf& mbuf) const {
  auto* data = rte_pktmbuf_mtod(&mbuf, uint8_t*);
  Feed::Receipt elsewhere;  // an answer of the gateway's own is no carrier; what it brings is sent again
  Feed::Receipt& receipt = mbuf.pool == pool_ ? receipt_of(&mbuf) : elsewhere;
  receipt.sign();
  return feed.shake_hands(port, data, receipt);
}

bool Rings::attach() {
  for (uint16_t port = 0; port < kPorts; ++port) {
    for (uint16_t number = 0; number < feeds_.size(); ++number) {
      const std::string name = "carriers-" + std::to_string(port) + "-" + std::to_string(number);
      rte_ring* ring = rte_ring_create(name.c_str(), kRing, SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);
      if (ring == nullptr) return false;
      queues_[port].push_back({this, feeds_[number].get(), ring, port});
      rte_mbuf* burst[kBurst];
      while (const uint16_t count = rte_eth_rx_burst(port, number, burst, kBurst))
        (void)rte_ring_enqueue_burst(ring, reinterpret_cast<void**>(burst), count, nullptr);
    }
    for (Queue& queue : queues_[port]) places_[port].push_back(&queue);
    auto& ops = rte_eth_fp_ops[port];
    ops.rx_pkt_burst = receive, ops.rxq.data = places_[port].data();
    ops.tx_pkt_burst = transmit, ops.txq.data = places_[port].data();
  }
  return true;
}

uint16_t Rings::transmit(void* opaque, rte_mbuf** packets, uint16_t count) {
  const Queue& queue = *static_cast<const Queue*>(opaque);
  return static_cast<uint16_t>(
      rte_ring_enqueue_burst(queue.ring, reinterpret_cast<void**>(packets), count, nullptr));
}

uint16_t Rings::receive(void* opaque, rte_mbuf** packets, uint16_t room) {
  const Queue& queue = *static_cast<const Queue*>(opaque);
  Feed& feed = *queue.feed;
  auto count = static_cast<uint16_t>(
      rte_ring_dequeue_burst(queue.ring, reinterpret_cast<void**>(packets), room, nullptr));
  const bool handshakes = queue.rings->handshakes_ && !feed.established();
  // Where every burst is full a worker is late, and openings would give way.
  if (handshakes && count > kGentle)
    count = static_cast<uint16_t>(
        count - transmit(opaque, packets + kGentle, static_cast<uint16_t>(count - kGentle)));
  // A packet that was dropped is one carrier less; there is another one for it.
  if (handshakes && count < std::min(room, kGentle))
    if (rte_mbuf* mbuf = queue.rings->new_carrier(); mbuf != nullptr) packets[count++] = mbuf;
  for (uint16_t i = 0; i < count; ++i) {
    rte_mbuf& mbuf = *packets[i];
    const uint16_t size = handshakes ? queue.rings->shake_hands(feed, queue.port, mbuf)
                                     : feed.data(queue.port, rte_pktmbuf_mtod(&mbuf, uint8_t*));
    mbuf.data_len = size;
    mbuf.pkt_len = size;
  }
  return count;
}

bool Rings::established() const {
  return std::ranges::all_of(feeds_, [](const auto& feed) { return feed->established(); });
}

double Rings::swap_addresses(double seconds) {
  Swapper swapper;
  const auto run = [](void* its) { return static_cast<Swapper*>(its)->run(), 0; };
  const unsigned lcore = rte_get_next_lcore(-1, 1, 0);
  if (rte_eal_remote_launch(run, &swapper, lcore) != 0) return 0;
  usleep(100'000);
  const double from = seconds_now();
  const uint64_t before = swapper.packets.get();
  usleep(static_cast<useconds_t>(seconds * 1e6));
  const uint64_t packets = swapper.packets.get() - before;
  const double took = seconds_now() - from;
  swapper.stop = true;
  rte_eal_wait_lcore(lcore);
  return packets == 0 ? 0 : took * 1e9 / static_cast<double>(packets);
}

}  // namespace sluice::bench
