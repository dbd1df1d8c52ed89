// flow: the tunnels whose packets are opened, numbered.
#include "dataplane/flow/opened_tunnels.h"

namespace sluice {

bool OpenedTunnels::create() {
  tunnels_ = make_fixed_array<Tunnel>(kMaxOpenedTunnels);
  return tunnels_ != nullptr;
}

uint32_t OpenedTunnels::number(const FlowKey& outer, Protocol protocol, uint32_t network, uint64_t now_ms) {
  uint32_t free = kNoIndex, networks = 0;
  for (uint32_t i = 0; i < kMaxOpenedTunnels; ++i) {
    Tunnel& tunnel = tunnels_[i];
    if (!tunnel.used || now_ms - tunnel.last_ms >= kIdleOpenedMs) {
      if (free == kNoIndex) free = i;
      if (!tunnel.used) break;  // numbers are given from the first on: none is used behind it
      continue;
    }
    const bool same_ends = tunnel.local == outer.local && tunnel.remote == outer.remote &&
                           tunnel.protocol == protocol && tunnel.pair == outer.pair;
    if (!same_ends) continue;
    if (tunnel.network == network) {
      tunnel.last_ms = now_ms;
      return i;
    }
    ++networks;
  }
  if (free == kNoIndex || networks >= kMaxNetworksOfTunnel) return kNoIndex;
  tunnels_[free] = {outer.local, outer.remote, now_ms, network, protocol, outer.pair, true};
  return free;
}

}  // namespace sluice
