// extract: the name in Google's own handshake, which QUIC had before it had TLS.
#pragma once

#include <cstdint>
#include <span>

#include "dataplane/extract/extract.h"

namespace sluice {

inline constexpr size_t kMaxGoogleHello = 4096;  ///< bytes of a hello; servers want it in the first packet

/// The message at the front of bytes. Returns Name or NoName where it is a whole hello (CHLO; size: its
/// bytes), NeedMore where it may become one, Malformed. Source: Google's QUIC Crypto, revision 20161206.
[[nodiscard]] Extract read_google_hello(std::span<const uint8_t> bytes, HostName& host, size_t& size);

/// A packet of QuicPacket::Kind::Google from a client: until Q046 hellos are not encrypted, only hashed.
/// Returns Name or NoName where it carries a hello, Complete where it carries nothing of one, NotMine where
/// it is encrypted, Malformed. Source: as above; Google's QUIC wire layout specification of Q043.
[[nodiscard]] Extract read_google_packet(std::span<const uint8_t> packet, uint32_t version, HostName& host);

/// Takes an ACK frame of Google's off bytes, which begin behind its type. Returns false where they end within
/// it.
[[nodiscard]] bool skip_google_ack(std::span<const uint8_t>& bytes, uint8_t type);
[[nodiscard]] bool skip_google_close(std::span<const uint8_t>& bytes);

}  // namespace sluice
