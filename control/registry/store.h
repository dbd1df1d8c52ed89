// control/registry: all holdings, and who held an address at a moment.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "control/accesslog/who.h"
#include "control/registry/holding.h"

namespace sluice::control {

inline constexpr size_t kMaxHoldings = 1'000'000;  ///< in all
inline constexpr size_t kMaxHoldingsOfOne = 64;    ///< of one address; those that ended first make room
/// A hardware address that so many IPv4 addresses, and one more, come from within kRouterWindowNs is a
/// router's, and names nobody.
inline constexpr size_t kRouterAddresses = 16;
inline constexpr int64_t kRouterWindowNs = 86'400'000'000'000;
inline constexpr int64_t kRouterHoldsNs =
    7 * kRouterWindowNs;  ///< it is taken for one so much longer: a weekend
/// What has ended is remembered for so long: records may be as old when they are written.
inline constexpr int64_t kEndedKeptNs = 86'400'000'000'000;
/// Clocks of others may be so much ahead of ours.
inline constexpr int64_t kClockSlackNs = 300'000'000'000;
inline constexpr size_t kMaxMacs = 262'144;  ///< hardware addresses that are remembered; then no new ones

/// Not for several threads at once.
class HoldingStore {
 public:
  struct Asked {
    Address address;
    Mac mac = 0;  ///< that the record's frame came from; 0: not known
    int64_t time_ns = 0;
    bool shared = false;
  };
  /// A holding that was found, for people.
  struct Found {
    HoldingKey key;
    Holding holding;
  };

  explicit HoldingStore(uint64_t seed) : addresses_(0, AddressHash{seed}) {}

  /// Adds what a source says from now on, or extends what it said before. A newer one of Api, Lease or
  /// Neighbour ends the older ones of that source on the same address.
  Refused add(const HoldingKey& key, const Holding& holding, int64_t now_ns);
  /// Ends those of a source and a session at a moment; user: of all where empty. Returns how many.
  size_t end(const HoldingKey& key, HoldingSource source, uint64_t id, std::string_view user, int64_t at_ns);
  /// What a source, and an origin of it, says is said from now on, and what it said before ends. whole:
  /// else only what is new is taken, and nothing ends. Counts what it refuses.
  void replace(HoldingSource source, uint8_t origin, std::span<const SaidHolding> said, bool whole,
               int64_t now_ns);
  /// Forgets what ended long ago.
  void prune(int64_t now_ns);

  /// Who held it. Remembers what mac is seen with.
  void who(const Asked& asked, Who& out);
  /// Notes that address was seen with mac; returns whether mac is a router's.
  bool note_sighting(Mac mac, const Address& address, int64_t time_ns);

  /// All that is known of an address, a hardware address or a user; at_ns: at that moment, 0: at any.
  [[nodiscard]] std::vector<Found> find(const HoldingKey& key, int64_t at_ns) const;
  [[nodiscard]] std::vector<Found> find_user(std::string_view user, int64_t at_ns, size_t most) const;
  [[nodiscard]] bool is_router(Mac mac, int64_t at_ns) const;
  /// Those of a source, to be kept.
  [[nodiscard]] std::vector<Found> all_of(HoldingSource source) const;

  size_t size() const { return size_; }
  uint64_t held(HoldingSource source) const { return held_[static_cast<size_t>(source)]; }
  uint64_t refused(Refused why) const { return refused_[static_cast<size_t>(why)]; }
  Refused refuse(Refused why) {
    ++refused_[static_cast<size_t>(why)];
    return why;
  }

 private:
  struct AddressHash {
    uint64_t seed;
    size_t operator()(const Address& address) const;
  };
  using Holdings = std::vector<Holding>;  ///< by from_ns
  struct OfMac {
    Holdings holdings;
    std::vector<Address> addresses;  ///< that some holding, now or before, says are its own
    struct Seen {
      uint32_t v4 = 0;
      int64_t last_ns = INT64_MIN;
    };
    std::array<Seen, kRouterAddresses> seen;
    uint8_t seen_count = 0;
    int64_t router_until_ns = INT64_MIN;
  };
  class Choice;

  Holdings* holdings_of(const HoldingKey& key);
  const Holdings* find_holdings(const HoldingKey& key) const;
  Refused check(const HoldingKey& key, const Holding& holding, int64_t now_ns) const;
  Refused insert(const HoldingKey& key, Holding holding, int64_t now_ns);
  bool make_room(Holdings& holdings, int64_t now_ns);
  void note_owner(const HoldingKey& key, Mac mac);
  void erase(Holdings& holdings, size_t at);
  OfMac* find_mac(Mac mac);
  void ask_mac(const Asked& asked, Mac mac, bool confirmed, Choice& users, Choice& machines) const;

  std::unordered_map<Address, Holdings, AddressHash> addresses_;
  std::unordered_map<Mac, OfMac> macs_;
  std::unordered_map<uint16_t, std::vector<HoldingKey>> said_;  ///< by source and origin: of the last replace
  size_t size_ = 0;
  std::array<uint64_t, kHoldingSourceCount> held_{};
  std::array<uint64_t, kRefusedCount> refused_{};
};

}  // namespace sluice::control
