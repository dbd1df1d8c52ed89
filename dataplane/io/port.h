// io: a DPDK port: set up once, then bursts in and out.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "dataplane/contract/stats.h"

struct rte_mbuf;
struct rte_mempool;

namespace sluice {

inline constexpr uint16_t kRxDescriptors = 1024, kTxDescriptors = 1024;

struct PortError {
  const char* what = nullptr;  ///< the step that failed, or nullptr
  int code = 0;                ///< errno of that step, 0 where it has none
};

/// Sets up queues 0..queues-1 each way, promiscuous, with symmetric RSS where the port can, frames of several
/// segments where it can, and starts it. mtu: bytes of IP packet; 0 leaves the port's own.
[[nodiscard]] PortError start_port(uint16_t port, uint16_t queues, uint16_t mtu, rte_mempool* pool);
void stop_port(uint16_t port);

/// At most packets.size() frames. Returns how many.
[[nodiscard]] uint16_t receive(uint16_t port, uint16_t queue, std::span<rte_mbuf*> packets);
/// Sends what the port takes, trying again for a bounded time; what is left stays the caller's. Returns how
/// many went.
[[nodiscard]] uint16_t transmit(uint16_t port, uint16_t queue, std::span<rte_mbuf*> packets);

/// True where a port is software (a socket, a file, a ring): polling it costs the host, so an idle worker may
/// sleep.
[[nodiscard]] bool is_software_port(uint16_t port);

/// Whether the port has its carrier. Asks the kernel where the port is an interface of its own, whose drivers
/// say nothing of it, else the driver.
[[nodiscard]] LinkState link_of_port(uint16_t port);

/// Takes a card's link down, or brings it up. Returns 0, or errno: ENOTSUP where the card's driver cannot.
[[nodiscard]] int order_link(uint16_t port, bool up);

}  // namespace sluice
