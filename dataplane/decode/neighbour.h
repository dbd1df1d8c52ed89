// decode: who on the link says to have which address.
#pragma once

#include <span>

#include "dataplane/contract/neighbours.h"
#include "dataplane/decode/packet.h"

namespace sluice {

/// Reads the sender of an ARP request or reply for IPv4 over Ethernet. frame: its first bytes; packet: what
/// decode_frame made of it, with l3_offset at the ARP message. Fills in all of out but when. Returns false
/// where the sender says no address, as a probe does, or speaks for another hardware address than the
/// frame's. Source: RFC 826; RFC 5227 2.1.1.
[[nodiscard]] bool read_arp(std::span<const uint8_t> frame, const Packet& packet, Neighbour& out);

/// The same of a neighbour solicitation or advertisement with its link-layer address option.
/// Source: RFC 4861 4.3, 4.4, 4.6.1, 7.1.
[[nodiscard]] bool read_nd(std::span<const uint8_t> frame, const Packet& packet, Neighbour& out);

}  // namespace sluice
