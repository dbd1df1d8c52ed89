// io: setting up a port.
#include <rte_ethdev.h>

#include <cstring>

#include "dataplane/io/port.h"

namespace sluice {
namespace {

/// The symmetric Toeplitz key: both directions of a flow hash alike, so hand-over between workers stays rare.
uint8_t symmetric_key[40] = {0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a,
                             0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a,
                             0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a,
                             0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a};

rte_eth_conf configuration(const rte_eth_dev_info& info, uint16_t queues) {
  rte_eth_conf conf{};
  constexpr uint64_t kRx = RTE_ETH_RX_OFFLOAD_SCATTER | RTE_ETH_RX_OFFLOAD_CHECKSUM;
  conf.rxmode.offloads = kRx & info.rx_offload_capa;
  conf.txmode.offloads = RTE_ETH_TX_OFFLOAD_MULTI_SEGS & info.tx_offload_capa;
  const uint64_t hashes = (RTE_ETH_RSS_IP | RTE_ETH_RSS_TCP | RTE_ETH_RSS_UDP) & info.flow_type_rss_offloads;
  if (queues > 1 && hashes != 0) {
    conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
    conf.rx_adv_conf.rss_conf.rss_hf = hashes;
    if (info.hash_key_size == sizeof symmetric_key) {
      conf.rx_adv_conf.rss_conf.rss_key = symmetric_key;
      conf.rx_adv_conf.rss_conf.rss_key_len = sizeof symmetric_key;
    }
  }
  return conf;
}

}  // namespace

PortError start_port(uint16_t port, uint16_t queues, uint16_t mtu, rte_mempool* pool) {
  rte_eth_dev_info info;
  if (const int code = rte_eth_dev_info_get(port, &info); code != 0)
    return {"cannot be asked for its abilities", -code};
  if (queues > info.max_rx_queues || queues > info.max_tx_queues)
    return {"has fewer queues than there are workers", 0};
  const rte_eth_conf conf = configuration(info, queues);
  if (const int code = rte_eth_dev_configure(port, queues, queues, &conf); code != 0)
    return {"cannot be configured", -code};
  uint16_t rx = kRxDescriptors, tx = kTxDescriptors;
  if (const int code = rte_eth_dev_adjust_nb_rx_tx_desc(port, &rx, &tx); code != 0)
    return {"takes no queue size", -code};
  // AF_PACKET's driver refuses any but the usual MTU, and forwards larger frames all the same: the kernel's
  // interface decides.
  const bool refused = mtu != 0 && rte_eth_dev_set_mtu(port, mtu) != 0;
  if (refused && !is_software_port(port)) return {"does not take the MTU", 0};
  const auto socket = static_cast<unsigned>(rte_eth_dev_socket_id(port));
  for (uint16_t queue = 0; queue < queues; ++queue) {
    if (const int code = rte_eth_rx_queue_setup(port, queue, rx, socket, nullptr, pool); code != 0)
      return {"cannot set up a receive queue", -code};
    if (const int code = rte_eth_tx_queue_setup(port, queue, tx, socket, nullptr); code != 0)
      return {"cannot set up a transmit queue", -code};
  }
  if (const int code = rte_eth_dev_start(port); code != 0) return {"cannot be started", -code};
  // Software drivers without this ability hand over every frame anyway.
  (void)rte_eth_promiscuous_enable(port);
  return {};
}

void stop_port(uint16_t port) {
  (void)rte_eth_dev_stop(port);
  (void)rte_eth_dev_close(port);
}

bool is_software_port(uint16_t port) {
  rte_eth_dev_info info;
  if (rte_eth_dev_info_get(port, &info) != 0) return true;
  return std::strncmp(info.driver_name, "net_", 4) != 0
             ? false
             : std::strstr(info.driver_name, "af_packet") || std::strstr(info.driver_name, "af_xdp") ||
                   std::strstr(info.driver_name, "net_tap") || std::strstr(info.driver_name, "net_pcap") ||
                   std::strstr(info.driver_name, "net_ring") || std::strstr(info.driver_name, "net_null");
}

}  // namespace sluice
