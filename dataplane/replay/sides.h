// replay: tells which side of the gateway a captured packet came from.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "dataplane/decode/packet.h"
#include "dataplane/worker/pipeline.h"

namespace sluice::replay {

/// A block of addresses of the LAN.
struct LanPrefix {
  Address address;
  uint8_t length = 0;  ///< bits of the one address space: 10.0.0.0/8 has 104
  bool covers(const Address& other) const;
};

/// Parses `10.0.0.0/8`, `fd00::/8` or a single address.
[[nodiscard]] std::optional<LanPrefix> parse_lan(std::string_view text);

inline constexpr size_t kMaxRemembered = size_t{1}
                                         << 20;  ///< flows and pairs; at the bound all are forgotten

/// With prefixes: a source inside one is on the LAN, any other on the line. Without: whoever opens a flow is
/// on the LAN, which is remembered for each flow.
class Sides {
 public:
  explicit Sides(std::span<const LanPrefix> lan) : lan_(lan.begin(), lan.end()) {}

  /// frame: the bytes that packet was decoded from, for what an ICMP error quotes.
  [[nodiscard]] Side side_of(const Packet& packet, std::span<const uint8_t> frame);

 private:
  struct Key {
    Address low, high;  ///< the two ends in order of address and port
    uint16_t low_port, high_port;
    uint8_t transport;  ///< 0: the pair of addresses, whatever they speak
    bool operator==(const Key&) const = default;
  };
  struct KeyHash {
    size_t operator()(const Key& key) const;
  };
  struct Ends {
    Key key;
    bool source_is_low;
  };
  static Ends ends_of(const Packet& packet, bool pair_only);
  bool source_is_client(const Packet& packet);
  bool guess_source_is_client(const Packet& packet, std::optional<bool> of_pair) const;
  std::optional<bool> remembered(const Ends& ends) const;
  void remember(const Ends& ends, bool source_is_client);

  std::vector<LanPrefix> lan_;
  std::unordered_map<Key, bool, KeyHash> client_is_low_;
};

}  // namespace sluice::replay
