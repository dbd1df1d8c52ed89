// bench: ring ports whose packets go round for ever, and a loop that only swaps their MAC addresses.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <vector>

#include "bench/feed.h"
#include "dataplane/contract/stats.h"

struct rte_mbuf;
struct rte_mempool;
struct rte_ring;

namespace sluice::bench {

/// Ports 0 and 1 of the driver net_ring: what is sent on a queue is received there again, as dpdk-testpmd's
/// --tx-first has it. Each packet that arrives is made the next one of its queue's feed, so the same few
/// buffers carry any number of flows, and no other core has a part in it.
class Rings {
 public:
  /// feeds: one for each queue. They and the rings outlive the ports.
  explicit Rings(std::vector<std::unique_ptr<Feed>> feeds);
  ~Rings();
  Rings(const Rings&) = delete;
  Rings& operator=(const Rings&) = delete;

  /// Puts the packets into the open ports. Returns false where memory is short.
  [[nodiscard]] bool fill();
  /// From now on arriving packets are the feeds', and the open ports' bursts are ours: net_ring counts the
  /// packets of neighbouring queues in one cache line, which two workers then take from each other. While no
  /// one polls. Returns false where memory is short.
  [[nodiscard]] bool attach();
  /// Handshakes come before data from now on. While no one polls.
  void begin_handshakes() { handshakes_ = true; }
  [[nodiscard]] bool established() const;

  /// What testpmd's macswap does with queue 0 of both ports, on a free worker lcore for so many seconds.
  /// Returns nanoseconds a packet.
  [[nodiscard]] double swap_addresses(double seconds);

 private:
  /// One of one port's, which it receives and sends by.
  struct alignas(64) Queue {
    const Rings* rings;
    Feed* feed;
    rte_ring* ring;
    uint16_t port;
  };
  /// nullptr where all of them are on their way.
  rte_mbuf* new_carrier() const;
  /// Signs for the frame that has come round, and writes the next one. Returns its size.
  uint16_t shake_hands(Feed& feed, uint16_t port, rte_mbuf& mbuf) const;
  static uint16_t receive(void* queue, rte_mbuf** packets, uint16_t room);
  static uint16_t transmit(void* queue, rte_mbuf** packets, uint16_t count);

  std::vector<std::unique_ptr<Feed>> feeds_;
  std::array<std::vector<Queue>, 2> queues_;  ///< of each port
  std::array<std::vector<void*>, 2> places_;  ///< theirs, as the ports want them
  rte_mempool* pool_ = nullptr;
  bool handshakes_ = false;
};

}  // namespace sluice::bench
