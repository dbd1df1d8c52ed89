// control/registry: what one source says: who had an address, or a hardware address, from when to when.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "control/registry/mac.h"
#include "dataplane/contract/address.h"

namespace sluice::control {

/// Bytes of a user's or a machine's name; a longer one is refused. As long as RADIUS can say it.
inline constexpr size_t kMaxIdentityName = 253;

/// Where something is known from. Of a user the first one that knows decides; Users and Table are one.
enum class HoldingSource : uint8_t {
  Api,        ///< somebody said so now
  Radius,     ///< somebody logged in
  Users,      ///< the policy's `users`
  Table,      ///< the table file
  Lease,      ///< a DHCP server: an address' machine
  Neighbour,  ///< ARP and ND: an address' machine
};
inline constexpr std::string_view kHoldingSourceWords[] = {"api",   "radius", "users",
                                                           "table", "lease",  "neighbour"};
inline constexpr size_t kHoldingSourceCount = std::size(kHoldingSourceWords);
constexpr std::string_view word_of(HoldingSource source) {
  return kHoldingSourceWords[static_cast<size_t>(source)];
}

/// Whom a holding is about: an address, or all that a hardware address is seen with.
struct HoldingKey {
  Address address{};
  Mac mac = 0;  ///< not 0: that, whatever its address

  bool is_mac() const { return mac != 0; }
  bool operator==(const HoldingKey&) const = default;
};

/// Times are UTC nanoseconds since 1970.
struct Holding {
  static constexpr int64_t kAlways = INT64_MIN, kOpen = INT64_MAX;
  int64_t from_ns = kAlways;
  int64_t until_ns = kOpen;   ///< the first moment at which it does not hold
  std::string user, machine;  ///< empty: says nothing of it
  Mac mac = 0;                ///< of an address: whose it is; 0: says nothing of it
  uint64_t id = 0;            ///< Radius: its session
  HoldingSource source = HoldingSource::Api;
  uint8_t origin = 0;  ///< of Lease: which of the policy's files

  bool holds(int64_t time_ns) const { return from_ns <= time_ns && time_ns < until_ns; }
  bool says_as(const Holding& other) const {
    return source == other.source && origin == other.origin && id == other.id && mac == other.mac &&
           user == other.user && machine == other.machine;
  }
  bool operator==(const Holding&) const = default;
};

/// One that a file says.
struct SaidHolding {
  HoldingKey key;
  Holding holding;
  bool from_said = true;  ///< else it holds since it was read first
};

/// Why a holding is refused.
enum class Refused : uint8_t {
  No,
  Future,     ///< it begins later than now
  Backwards,  ///< it ends before it begins
  LongName,   ///< beyond kMaxIdentityName
  Full,       ///< as many are held as may be, of the address or in all
  Nothing,    ///< it says nothing
};
inline constexpr std::string_view kRefusedWords[] = {"no",        "future", "backwards",
                                                     "long-name", "full",   "nothing"};
inline constexpr size_t kRefusedCount = std::size(kRefusedWords);

}  // namespace sluice::control
