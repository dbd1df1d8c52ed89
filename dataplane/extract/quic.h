// extract: QUIC recognised by its long header.
#pragma once

#include <cstdint>
#include <span>

namespace sluice {

/// True where a datagram from a client looks like a QUIC long-header packet of a known or plausible version
/// (v1, v2, drafts, Google's Q0xx, version negotiation's greasing), on any port. payload: the UDP payload.
/// Must not take DNS, STUN, DTLS, RTP, NTP or WireGuard for it. Source: RFC 8999 5.1; RFC 9000 17.2; RFC
/// 9369 3.2.
[[nodiscard]] bool looks_like_quic(std::span<const uint8_t> payload);

}  // namespace sluice
