// extract: tunnels, and protocols without names, by their first packets.
#pragma once

#include <cstdint>
#include <span>

#include "dataplane/contract/reasons.h"
#include "dataplane/extract/extract.h"

namespace sluice {

inline constexpr uint16_t kAnyPort = 0;

/// What a datagram speaks: a tunnel, or one of the recognised protocols that show no name; Unknown for all
/// others. Found on any port where the bytes alone are proof enough, elsewhere on its registered port.
/// payload: the whole UDP payload.
/// service_port: of the side that did not open the flow; kAnyPort: find only what any port shows.
/// Source: beside each in tunnel.cpp.
[[nodiscard]] Protocol recognise_datagram(std::span<const uint8_t> payload, uint16_t service_port);

/// What an IP protocol number stands for; Unknown where it is no tunnel's. payload: what follows the IP
/// headers, or its beginning: enhanced GRE is PPTP's. Source: IANA Protocol Numbers; RFC 2637 4.1.
[[nodiscard]] Protocol recognise_transport(uint8_t transport, std::span<const uint8_t> payload);

/// With so many bytes recognise_nameless_stream always decides: OpenVPN's longest reset, and its length.
inline constexpr size_t kMaxTunnelStreamBytes = 88;

/// What a TCP flow speaks, if it is SSH, RDP with its own security, SMB, OpenVPN or PPTP, else Unknown.
/// bytes: the client's side from its first byte, cut anywhere. Returns NeedMore (below kMaxTunnelStreamBytes
/// only), Complete (protocol is set) or NotMine. Source: RFC 4253 4.2; [MS-RDPBCGR] 2.2.1.3;
/// [MS-SMB2] 2.1, 2.2.1; RFC 1002 4.3; RFC 2637 2.1; OpenVPN's protocol as in tunnel.cpp.
[[nodiscard]] Extract recognise_nameless_stream(std::span<const uint8_t> bytes, Protocol& protocol);

}  // namespace sluice
