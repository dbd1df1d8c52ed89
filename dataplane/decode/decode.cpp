// decode: the link layer, down to the IP header.
#include "dataplane/decode/reader.h"

namespace sluice {
namespace {

constexpr uint16_t kIpv4 = 0x0800, kArp = 0x0806, kIpv6 = 0x86dd, kVlan = 0x8100, kQinQ = 0x88a8,
                   kOldQinQ = 0x9100;
constexpr uint16_t kPppoeSession = 0x8864, kMpls = 0x8847, kMplsMulticast = 0x8848;
constexpr uint16_t kPppIpv4 = 0x0021, kPppIpv6 = 0x0057;
constexpr size_t kMaxMplsLabels = 8;
constexpr uint16_t kMaxLength = 1500;  ///< a larger value is a type (IEEE 802.3 3.2.6)

constexpr bool is_tag(uint16_t type) {
  return type == kVlan || type == kQinQ || type == kOldQinQ;
}

/// The type that a frame with a length instead of one carries behind LLC (IEEE 802.2) and SNAP (RFC 1042), or
/// IP's own service access point; 0 where it is neither. reader: behind the length.
uint16_t type_behind_llc(HeaderReader& reader) {
  constexpr uint32_t kSnap = 0xaaaa0300, kIpAccessPoint = 0x06060300, kBridgeTunnel = 0xf8;
  const uint32_t llc_and_oui = reader.u32();
  if ((llc_and_oui & 0xffffff00) == kIpAccessPoint) return reader.back(1), kIpv4;
  const uint16_t oui_rest = reader.u16();
  return llc_and_oui == kSnap && (oui_rest == 0 || oui_rest == kBridgeTunnel) ? reader.u16() : 0;
}

/// A PPP protocol number; one byte where its lowest bit is set, as compressed ones are (RFC 1661 2, 6.5).
uint16_t ppp_protocol(HeaderReader& reader) {
  return reader.peek() & 1 ? reader.u8() : reader.u16();
}

Decoded not_ip() {
  return {Decoded::Kind::NotIp, Reason::NotIp};
}

}  // namespace

Decoded decode_any(std::span<const uint8_t> headers, uint32_t frame_size, Packet& out) {
  out = Packet{};
  HeaderReader reader{headers, frame_size};
  return decode_ethernet(reader, out);
}

Decoded decode_ethernet(HeaderReader& reader, Packet& out) {
  reader.skip(12);
  return decode_ethertype(reader, reader.u16(), out);
}

Decoded decode_ethertype(HeaderReader& reader, uint16_t type, Packet& out) {
  size_t tags = 0;
  for (; is_tag(type) && !reader.failed(); ++tags) {
    if (tags == kMaxLinkTags) return dropped(Reason::TooManyHeaders);
    const uint16_t id = reader.u16() & 0x0fff;
    if (id != 0) out.vlan = id;
    type = reader.u16();
  }
  if (type <= kMaxLength && !reader.failed()) {
    type = type_behind_llc(reader);
    if (reader.failed()) return not_ip();  // LLC alone, as STP has it, may be shorter
  }
  if (type == kPppoeSession) {
    // RFC 2516 4: version and type 1, code 0 for session data; then the PPP protocol.
    reader.skip(6);
    const uint16_t protocol = ppp_protocol(reader);
    if (reader.failed()) return reader.why(Reason::TruncatedFrame);
    if (protocol != kPppIpv4 && protocol != kPppIpv6) return not_ip();
    type = protocol == kPppIpv4 ? kIpv4 : kIpv6;
  } else if (type == kMpls || type == kMplsMulticast) {
    // RFC 3032 2.1: labels until the bottom of the stack; what follows tells its version by its first nibble.
    size_t labels = 0;
    for (bool bottom = false; !bottom && !reader.failed(); ++labels) {
      if (labels == kMaxMplsLabels) return dropped(Reason::TooManyHeaders);
      bottom = reader.u32() >> 8 & 1;
    }
    if (reader.failed()) return reader.why(Reason::TruncatedFrame);
    const uint8_t version = reader.peek() >> 4;
    if (version != 4 && version != 6) return not_ip();
    type = version == 4 ? kIpv4 : kIpv6;
  }
  if (reader.failed()) return reader.why(Reason::TruncatedFrame);
  if (type == kArp) out.l3_offset = static_cast<uint16_t>(reader.at());
  if (type != kIpv4 && type != kIpv6) return not_ip();
  out.l3_offset = static_cast<uint16_t>(reader.at());
  return type == kIpv4 ? decode_ipv4(reader, false, out) : decode_ipv6(reader, false, out);
}

Decoded decode_ip(std::span<const uint8_t> headers, uint32_t frame_size, bool quoted, Packet& out) {
  out = Packet{};
  HeaderReader reader{headers, frame_size};
  const uint8_t version = reader.peek() >> 4;
  if (version == 4) return decode_ipv4(reader, quoted, out);
  if (version == 6) return decode_ipv6(reader, quoted, out);
  return dropped(Reason::TruncatedFrame);
}

}  // namespace sluice
