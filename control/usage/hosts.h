// control/usage: addresses of the LAN that look like a server, a relay, or several machines. Told, never
// blocked.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "control/usage/reader.h"

namespace sluice::control {

/// Flows that were opened from the line and that the host answered.
struct ServedFlows {
  uint64_t answered = 0, peers = 0;
  uint64_t bytes_in = 0, bytes_out = 0;   ///< from the peers, and back
  std::map<std::string, uint64_t> ports;  ///< `tcp/443`, and how many of the flows
  std::set<std::string> rules;            ///< that let them in, as far as one did
  int64_t last_ns = 0;                    ///< of the last one's end
};

/// Flows in and out at one time that carried the same in opposite directions.
struct RelayedFlows {
  uint64_t pairs = 0, bytes = 0;  ///< bytes: of the flows in, both ways
  std::string from, to;           ///< the far ends of the last pair
  int64_t last_ns = 0;
};

/// TTLs that came from one address.
struct SeenTtls {
  std::map<uint8_t, uint64_t> values;  ///< and how many accesses bore it
  uint64_t switches = 0;               ///< how often one followed another
};

struct HostFound {
  std::string address, network;
  ServedFlows served;
  RelayedFlows relayed;
  SeenTtls ttls;
  bool shared = false;  ///< its network is known to have many people behind one address

  [[nodiscard]] bool is_server_like() const;
  [[nodiscard]] bool is_relay_like() const;
  /// Several initial TTLs, or several distances, come by turns.
  [[nodiscard]] bool is_several_machines() const;
};

struct HostsFound {
  /// Answered flows of a server, pairs of a relay, accesses that bore each TTL, turns between them.
  static constexpr uint64_t kLeastAnswered = 10, kLeastPairs = 3, kLeastOfTtl = 10, kLeastSwitches = 6;
  /// A TTL that is farther from an initial one (64, 128, 255) was chosen, as traceroute does.
  static constexpr unsigned kMostHops = 32;
  /// Flows of fewer bytes are alike too easily; a proxy's own request and its TLS add that much.
  static constexpr uint64_t kLeastRelayed = 65'536, kRelayAdds = 4096, kAlikeShare = 20;

  static constexpr size_t kMaxHosts = 100'000;                            ///< addresses that are looked at
  static constexpr size_t kMaxPeers = size_t{1} << 20;                    ///< pairs of host and peer
  static constexpr size_t kMaxFlows = size_t{1} << 18, kMaxOfHost = 256;  ///< that wait for their pair
  static constexpr size_t kMaxOpen = size_t{1} << 18;                     ///< that have not ended yet
  static constexpr size_t kMaxPorts = 100, kMaxRules = 10;                ///< of one host

  std::vector<HostFound> hosts;  ///< those that look like anything, by address
  uint64_t looked_at = 0;        ///< addresses
  uint64_t lines = 0;
  bool left_out = false;  ///< more came than is kept: there may be more than is said
  SearchFindings findings;
};

/// shared: names of the networks that are. Returns an empty string, or why the log cannot be read.
[[nodiscard]] std::string find_hosts(const UsageScope& scope, const std::set<std::string>& shared,
                                     HostsFound& found);

}  // namespace sluice::control
