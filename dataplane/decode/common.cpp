// decode: the frames that nearly all are, at once.
#include <cstring>

#include "dataplane/decode/glance.h"

namespace sluice {

bool decode_common(std::span<const uint8_t> headers, uint32_t frame_size, Packet& out) {
  return glance(headers, frame_size, [&](const auto& seen) {
    const uint8_t* const l3 = headers.data() + seen.l3_offset;
    const uint8_t* const l4 = headers.data() + seen.l4_offset;
    // `out = Packet{}` is made elsewhere first, by stores that the copy then waits for.
    std::memset(static_cast<void*>(&out), 0, sizeof out);
    out.source = Address::from_words(seen.addresses.first());
    out.destination = Address::from_words(seen.addresses.second());
    out.payload_size = seen.payload_size();
    out.l3_offset = seen.l3_offset;
    out.l4_offset = seen.l4_offset;
    out.payload_offset = static_cast<uint16_t>(seen.l4_offset + seen.l4_header);
    out.source_port = static_cast<uint16_t>(seen.ports >> 16);
    out.destination_port = static_cast<uint16_t>(seen.ports);
    out.vlan = seen.vlan;
    out.l4_checksum = seen.l4_checksum;
    out.transport = seen.transport;
    out.v4 = seen.kV4;
    out.hop_limit = seen.kV4 ? l3[8] : l3[7];
    if (seen.kV4) out.fragment_id = get16(l3 + 4);
    if (seen.transport == kTcp) {
      out.tcp_flags = seen.tcp_flags;
      out.tcp_seq = get32(l4 + 4);
      out.tcp_ack = get32(l4 + 8);
    }
  });
}

}  // namespace sluice
