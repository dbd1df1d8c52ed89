// flow: the tunnels whose packets are opened, numbered, so that flows inside different ones stay apart.
#pragma once

#include <cstdint>

#include "dataplane/contract/reasons.h"
#include "dataplane/contract/stats.h"
#include "dataplane/flow/flow_table.h"
#include "dataplane/flow/memory.h"

namespace sluice {

/// FlowKey::pair of a flow inside an opened tunnel is kMaxPairs and its tunnel's number.
inline constexpr uint32_t kMaxOpenedTunnels = 256 - kMaxPairs;
/// Virtual networks that one tunnel's ends may have open, so that they cannot take the numbers of all others.
inline constexpr uint32_t kMaxNetworksOfTunnel = 64;
/// A number is given anew after so long a silence: by then no flow of the old tunnel can be left.
inline constexpr uint32_t kIdleOpenedMs = kIdleTcpMs + 60'000;

/// One worker's opened tunnels. A tunnel is its two ends, its protocol, and the virtual network in it.
class OpenedTunnels {
 public:
  /// Returns false where memory is short.
  [[nodiscard]] bool create();

  /// The number of this tunnel, below kMaxOpenedTunnels; kNoIndex where there is none left. outer: the key
  /// of its packets' flow; ports do not count, as senders spread one tunnel over many.
  [[nodiscard]] uint32_t number(const FlowKey& outer, Protocol protocol, uint32_t network, uint64_t now_ms);

  /// The pair of ports that a flow's packets come by.
  [[nodiscard]] uint8_t pair_of(const FlowKey& key) const {
    return key.pair < kMaxPairs ? key.pair : tunnels_[key.pair - kMaxPairs].pair;
  }

 private:
  struct Tunnel {
    Address local, remote;
    uint64_t last_ms;
    uint32_t network;
    Protocol protocol;
    uint8_t pair;
    bool used;
  };
  FixedArray<Tunnel> tunnels_;
};

}  // namespace sluice
