// control/policy: addresses and prefixes as text.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "dataplane/contract/address.h"

namespace sluice::control {

inline constexpr uint8_t kV4Offset = 96;  ///< of a mapped prefix's length

/// A block of the one address space: IPv4 as mapped IPv6, so that 10.0.0.0/8 has length 104.
struct Prefix {
  Address address;
  uint8_t length = 0;  ///< 0..128
  auto operator<=>(const Prefix&) const = default;
};

enum class PrefixError : uint8_t {
  None,
  NotAnAddress,
  BadLength,
  HostBits,
  Mapped
};

/// Parses `10.0.0.0/8`, `fd00::/8` or a single address. With HostBits out is the prefix without them.
PrefixError parse_prefix(std::string_view text, Prefix& out);

/// Parses a single address.
bool parse_address(std::string_view text, Address& out);

/// As a policy would write it; without a length for a single address.
std::string to_string(const Prefix& prefix);

bool is_v4(const Prefix& prefix);
bool contains(const Prefix& outer, const Address& address);
/// The last address of a prefix.
Address last_of(const Prefix& prefix);
/// The space that is not routed on the Internet (RFC 1918, 4193, 6598, 3927, loopback, link-local).
std::span<const std::string_view> private_blocks();
/// Whether it lies in one of them.
bool is_private(const Prefix& prefix);

}  // namespace sluice::control
