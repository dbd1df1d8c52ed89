// decode: what keeps the link itself alive, and so passes before any register is asked.
#pragma once

#include <span>

#include "dataplane/decode/packet.h"

namespace sluice {

enum class LinkControl : uint8_t {
  No,
  Yes,             ///< passes
  BetweenRouters,  ///< passes between the addresses of a line's `link`: OSPF, BGP, BFD
};

/// ND, RA and MLD (RFC 4861, 3810, with the hop limit or scope they must have), IGMP (RFC 3376), DHCPv4 and
/// DHCPv6 (RFC 2131, 8415), VRRP (RFC 9568), HSRP (RFC 2281), OSPF, BGP, BFD (RFC 5881, 5883). payload: the
/// packet's transport payload, or its beginning.
[[nodiscard]] LinkControl link_control(const Packet& packet, std::span<const uint8_t> payload);

/// False where link_control says No to all of that transport between these ports: nearly always.
[[nodiscard]] bool may_be_link_control(uint8_t transport, uint16_t one_port, uint16_t other_port);

[[nodiscard]] bool is_multicast(const Packet& packet);

/// True for an ICMP or ICMPv6 error, which quotes the packet it is about (RFC 792, RFC 4443 2.1).
[[nodiscard]] bool is_icmp_error(const Packet& packet);

}  // namespace sluice
