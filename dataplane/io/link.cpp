// io: whether a port has its carrier.
#include <net/if.h>
#include <rte_ethdev.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dataplane/io/port.h"

namespace sluice {
namespace {

/// An interface that is gone has no carrier either.
LinkState link_of_interface(unsigned index) {
  const int asker = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (asker < 0) return LinkState::Unknown;
  ifreq request{};
  const bool there =
      if_indextoname(index, request.ifr_name) != nullptr && ioctl(asker, SIOCGIFFLAGS, &request) == 0;
  close(asker);
  constexpr short kCarrier = IFF_UP | IFF_RUNNING;
  return there && (request.ifr_flags & kCarrier) == kCarrier ? LinkState::Up : LinkState::Down;
}

}  // namespace

LinkState link_of_port(uint16_t port) {
  rte_eth_dev_info info;
  if (rte_eth_dev_info_get(port, &info) != 0) return LinkState::Unknown;
  if (info.if_index != 0) return link_of_interface(info.if_index);
  rte_eth_link link{};
  if (rte_eth_link_get_nowait(port, &link) != 0) return LinkState::Unknown;
  return link.link_status == RTE_ETH_LINK_UP ? LinkState::Up : LinkState::Down;
}

int order_link(uint16_t port, bool up) {
  return -(up ? rte_eth_dev_set_link_up(port) : rte_eth_dev_set_link_down(port));
}

}  // namespace sluice
