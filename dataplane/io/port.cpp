// io: bursts in and out.
#include "dataplane/io/port.h"

#include <rte_ethdev.h>

namespace sluice {
namespace {

/// A full queue of a software port empties within microseconds; a line that stands still must not hold the
/// worker.
constexpr unsigned kTxTries = 64;

}  // namespace

uint16_t receive(uint16_t port, uint16_t queue, std::span<rte_mbuf*> packets) {
  return rte_eth_rx_burst(port, queue, packets.data(), static_cast<uint16_t>(packets.size()));
}

uint16_t transmit(uint16_t port, uint16_t queue, std::span<rte_mbuf*> packets) {
  uint16_t sent = 0;
  for (unsigned tries = 0; sent < packets.size() && tries < kTxTries; ++tries)
    sent = static_cast<uint16_t>(sent + rte_eth_tx_burst(port, queue, packets.data() + sent,
                                                         static_cast<uint16_t>(packets.size() - sent)));
  return sent;
}

}  // namespace sluice
