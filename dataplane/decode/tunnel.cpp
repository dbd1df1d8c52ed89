// decode: the packet that a tunnel's packet carries.
#include "dataplane/decode/tunnel.h"

#include <algorithm>

#include "dataplane/decode/reader.h"

namespace sluice {
namespace {

/// Checksum, key and sequence number may stand behind the first word; routing (RFC 1701) and other versions
/// are not read.
Decoded decode_gre(HeaderReader& reader, Packet& inner, uint32_t& network) {
  constexpr uint16_t kChecksum = 0x8000, kKey = 0x2000, kSequence = 0x1000, kEthernet = 0x6558;
  const uint16_t flags = reader.u16(), type = reader.u16();
  if ((flags & ~(kChecksum | kKey | kSequence)) != 0) return dropped(Reason::MalformedTunnel);
  if (flags & kChecksum) reader.skip(4);
  if (flags & kKey) network = reader.u32();
  if (flags & kSequence) reader.skip(4);
  if (reader.failed()) return reader.why(Reason::MalformedTunnel);
  return type == kEthernet ? decode_ethernet(reader, inner) : decode_ethertype(reader, type, inner);
}

/// The only flags read are the network's, which must stand, and the group policy's.
Decoded decode_vxlan(HeaderReader& reader, Packet& inner, uint32_t& network) {
  constexpr uint8_t kNetworkId = 0x08, kGroupPolicy = 0x80;
  const uint8_t flags = reader.u8();
  reader.skip(3);
  network = reader.u32() >> 8;
  if (reader.failed()) return reader.why(Reason::MalformedTunnel);
  if ((flags & ~kGroupPolicy) != kNetworkId) return dropped(Reason::MalformedTunnel);
  return decode_ethernet(reader, inner);
}

}  // namespace

Decoded decode_inside(Protocol tunnel, std::span<const uint8_t> headers, const Packet& outer, Packet& inner,
                      uint32_t& network) {
  inner = Packet{};
  network = 0;
  const uint32_t end = outer.payload_offset + outer.payload_size;
  HeaderReader reader{headers.first(std::min<size_t>(headers.size(), end)), end};
  reader.skip(outer.payload_offset);
  inner.l3_offset = outer.payload_offset;
  switch (tunnel) {
    case Protocol::IpIp:
      return decode_ipv4(reader, false, inner);
    case Protocol::SixInFour:
      return decode_ipv6(reader, false, inner);
    case Protocol::Gre:
      return decode_gre(reader, inner, network);
    default:
      return decode_vxlan(reader, inner, network);
  }
}

}  // namespace sluice
