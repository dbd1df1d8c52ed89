// decode: the packet that a tunnel's packet carries.
#pragma once

#include <span>

#include "dataplane/decode/packet.h"

namespace sluice {

/// Decodes what is inside. tunnel: what outer was recognised as, an openable one. headers: the outer frame's
/// first bytes, as decode_frame had them. inner: its offsets count from the outer frame's first byte, and
/// nothing of it lies beyond outer's payload. network: the number that tells virtual networks of one tunnel
/// apart (VNI, GRE key), or 0. Returns what decode_frame would; MalformedTunnel where the tunnel's own header
/// cannot be read.
/// Source: RFC 2784 2; RFC 2890 2; RFC 2003 3; RFC 4213 3.5; RFC 7348 5.
[[nodiscard]] Decoded decode_inside(Protocol tunnel, std::span<const uint8_t> headers, const Packet& outer,
                                    Packet& inner, uint32_t& network);

}  // namespace sluice
