// act: changes to a packet that passes on.
#pragma once

#include <cstdint>
#include <span>

#include "dataplane/decode/packet.h"

struct rte_mbuf;

namespace sluice {

/// Takes URG and the urgent pointer out of a TCP segment and mends its checksum. Returns false where the
/// header does not lie in the first buffer. Source: RFC 9293 3.1; RFC 1624 3; RFC 6093 (stacks disagree on
/// which byte is urgent, and whether it is part of the stream).
[[nodiscard]] bool clear_urgent(rte_mbuf& mbuf, const Packet& packet);

/// Puts bytes at offset, in however many buffers that is. They lie within the frame.
void write_bytes(rte_mbuf& mbuf, uint32_t offset, std::span<const uint8_t> bytes);

/// Puts payload, as long as the packet's own, in the place of its UDP or TCP payload, in however many buffers
/// it lies, and mends the checksum.
void overwrite_payload(rte_mbuf& mbuf, const Packet& packet, std::span<const uint8_t> payload);

}  // namespace sluice
