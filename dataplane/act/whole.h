// act: the headers of a datagram that is put together from its fragments.
#pragma once

#include <cstdint>
#include <span>

#include "dataplane/decode/packet.h"

namespace sluice {

/// Turns the headers of the first fragment, the link's included, into those of the whole datagram: its
/// length, and no more about fragments. headers: first.l4_offset bytes. payload_size: what all the fragments
/// carry. Returns the size of the headers, which IPv6 has fewer of. Source: RFC 791 3.2; RFC 8200 4.5.
[[nodiscard]] uint32_t make_whole(std::span<uint8_t> headers, const Packet& first, uint32_t payload_size);

}  // namespace sluice
