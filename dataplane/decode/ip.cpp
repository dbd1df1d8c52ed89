// decode: IPv4, and IPv6 with its extension headers.
#include "dataplane/decode/reader.h"

namespace sluice {
namespace {

constexpr uint8_t kHopByHop = 0, kRouting = 43, kAuthentication = 51, kDestinationOptions = 60,
                  kMobility = 135, kHip = 139, kShim6 = 140;

constexpr bool is_extension(uint8_t next) {
  return next == kHopByHop || next == kRouting || next == kFragmentHeader || next == kAuthentication ||
         next == kDestinationOptions || next == kMobility || next == kHip || next == kShim6;
}

void set_fragment(uint16_t offset_units, bool more, Packet& out) {
  // An atomic fragment (offset 0, no more) is a whole packet (RFC 6946 2).
  out.fragment = offset_units != 0 || more;
  out.fragment_offset = static_cast<uint16_t>(offset_units * 8);
  out.more_fragments = more;
}

Decoded decode_rest(HeaderReader& reader, uint32_t size, bool quoted, Packet& out) {
  out.l4_offset = out.payload_offset = static_cast<uint16_t>(reader.at());
  out.payload_size = size;
  if (out.fragment_offset != 0) return {Decoded::Kind::Ip, Reason::Decided};
  // The first fragment may be as short as a quote: the rest of its header comes with the next.
  return decode_transport(reader, size, quoted || out.fragment, out);
}

}  // namespace

Decoded decode_ipv4(HeaderReader& reader, bool quoted, Packet& out) {
  const size_t start = reader.at();
  const uint32_t available = reader.left_in_frame();
  const uint8_t version_and_size = reader.u8();
  reader.skip(1);
  uint32_t total = reader.u16();
  out.fragment_id = reader.u16();
  const uint16_t flags_and_offset = reader.u16();
  out.hop_limit = reader.u8();
  out.transport = reader.u8();
  reader.skip(2);
  const auto source = reader.bytes(4), destination = reader.bytes(4);
  const uint32_t header = (version_and_size & 0x0f) * 4U;
  if (reader.failed()) return reader.why(Reason::MalformedIpv4);
  if (version_and_size >> 4 != 4 || header < 20 || total < header) return dropped(Reason::MalformedIpv4);
  if (total > available) {
    if (!quoted) return dropped(Reason::MalformedIpv4);
    total = available;
  }
  reader.skip(header - 20);
  if (reader.failed() || total < header) return reader.why(Reason::MalformedIpv4);
  out.v4 = true;
  out.source = Address::from_v4(source.data());
  out.destination = Address::from_v4(destination.data());
  set_fragment(flags_and_offset & 0x1fff, flags_and_offset & 0x2000, out);
  return decode_rest(reader, total - static_cast<uint32_t>(reader.at() - start), quoted, out);
}

Decoded decode_ipv6(HeaderReader& reader, bool quoted, Packet& out) {
  const uint32_t version = reader.u32() >> 28;
  uint32_t left = reader.u16();
  size_t next_at = reader.at();
  uint8_t next = reader.u8();
  out.hop_limit = reader.u8();
  const auto source = reader.bytes(16), destination = reader.bytes(16);
  if (reader.failed()) return reader.why(Reason::MalformedIpv6);
  if (version != 6) return dropped(Reason::MalformedIpv6);
  if (left > reader.left_in_frame()) {
    if (!quoted) return dropped(Reason::MalformedIpv6);
    left = reader.left_in_frame();
  }
  out.source = Address::from_v6(source.data());
  out.destination = Address::from_v6(destination.data());
  // What follows a fragment header is read when its datagram is whole again (RFC 8200 4.5).
  for (size_t count = 0; is_extension(next) && !out.fragment; ++count) {
    if (count == kMaxExtensionHeaders) return dropped(Reason::TooManyHeaders);
    const uint8_t kind = next;
    out.fragment_next = static_cast<uint16_t>(next_at);
    next_at = reader.at();
    next = reader.u8();
    const uint8_t units = reader.u8();
    uint32_t size = (units + 1U) * 8;
    if (kind == kAuthentication) size = (units + 2U) * 4;
    if (kind == kFragmentHeader) {
      size = 8;
      const uint16_t offset_and_more = reader.u16();
      set_fragment(offset_and_more >> 3, offset_and_more & 1, out);
      out.fragment_id = reader.u32();
    } else {
      reader.skip(size - 2);
    }
    if (size > left) return dropped(Reason::MalformedIpv6);
    if (reader.failed()) return reader.why(Reason::MalformedIpv6);
    left -= size;
  }
  out.transport = next;
  return decode_rest(reader, left, quoted, out);
}

}  // namespace sluice
