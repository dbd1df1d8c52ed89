// decode: TCP, UDP, ICMP.
#include "dataplane/decode/glance.h"
#include "dataplane/decode/reader.h"

namespace sluice {
namespace {

constexpr Decoded whole() {
  return {Decoded::Kind::Ip, Reason::Decided};
}

Decoded decode_tcp(HeaderReader& reader, uint32_t size, bool quoted, Packet& out) {
  out.source_port = reader.u16();
  out.destination_port = reader.u16();
  // A quote need hold no more than eight bytes of the transport (RFC 792).
  if (quoted && !reader.failed()) return whole();
  out.tcp_seq = reader.u32();
  out.tcp_ack = reader.u32();
  const uint32_t header = (reader.u8() >> 4) * 4U;
  out.tcp_flags = reader.u8() & 0x3f;
  reader.skip(2);
  out.l4_checksum = reader.u16();
  reader.skip(2);
  if (reader.failed() && size >= 20) return reader.why(Reason::MalformedTcp);
  if (size < 20 || header < 20 || header > size || impossible(out.tcp_flags))
    return dropped(Reason::MalformedTcp);
  reader.skip(header - 20);
  if (reader.failed()) return reader.why(Reason::MalformedTcp);
  out.payload_offset = static_cast<uint16_t>(reader.at());
  out.payload_size = size - header;
  return whole();
}

Decoded decode_udp(HeaderReader& reader, uint32_t size, bool quoted, Packet& out) {
  out.source_port = reader.u16();
  out.destination_port = reader.u16();
  const uint32_t length = reader.u16();
  out.l4_checksum = reader.u16();
  if (reader.failed()) return size < 8 ? dropped(Reason::MalformedUdp) : reader.why(Reason::MalformedUdp);
  if (quoted) return whole();
  if (size < 8 || length < 8 || length > size) return dropped(Reason::MalformedUdp);
  out.payload_offset = static_cast<uint16_t>(out.l4_offset + 8);
  out.payload_size = length - 8;
  return whole();
}

Decoded decode_icmp(HeaderReader& reader, uint32_t size, Packet& out) {
  constexpr uint32_t kHeader = 8;
  out.icmp_type = reader.u8();
  out.icmp_code = reader.u8();
  out.l4_checksum = reader.u16();
  if (reader.failed() || size < 4)
    return size < 4 ? dropped(Reason::MalformedIcmp) : reader.why(Reason::MalformedIcmp);
  const uint32_t header = size < kHeader ? size : kHeader;
  reader.skip(header - 4);
  if (reader.failed()) return reader.why(Reason::MalformedIcmp);
  out.payload_offset = static_cast<uint16_t>(reader.at());
  out.payload_size = size - header;
  return whole();
}

}  // namespace

Decoded decode_transport(HeaderReader& reader, uint32_t size, bool quoted, Packet& out) {
  switch (out.transport) {
    case kTcp:
      return decode_tcp(reader, size, quoted, out);
    case kUdp:
      return decode_udp(reader, size, quoted, out);
    case kIcmp:
    case kIcmpv6:
      return decode_icmp(reader, size, out);
    default:
      return whole();
  }
}

}  // namespace sluice
