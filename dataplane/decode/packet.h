// decode: what the headers of one frame say. Plain values; free of DPDK.
#pragma once

#include <cstdint>
#include <span>

#include "dataplane/contract/address.h"
#include "dataplane/contract/image.h"
#include "dataplane/contract/reasons.h"

namespace sluice {

inline constexpr size_t kMaxLinkTags = 4;          ///< VLAN tags in one frame; more are `too-many-headers`
inline constexpr size_t kMaxExtensionHeaders = 8;  ///< IPv6 extension headers; more are `too-many-headers`
inline constexpr size_t kMaxHeaderBytes = 512;     ///< decode looks at no byte of a frame beyond this one

/// IP protocol numbers (IANA).
inline constexpr uint8_t kIcmp = 1, kIgmp = 2, kTcp = 6, kUdp = 17, kFragmentHeader = 44, kIcmpv6 = 58,
                         kOspf = 89, kVrrp = 112;

enum TcpFlag : uint8_t {
  kFin = 1,
  kSyn = 2,
  kRst = 4,
  kPsh = 8,
  kAck = 16,
  kUrg = 32
};

/// One frame, decoded. Offsets count from the frame's first byte; ports and TCP numbers are in host byte
/// order.
struct Packet {
  Address source, destination;
  uint32_t payload_size = 0;  ///< transport payload by the IP header's length, never the link's padding
  uint32_t tcp_seq = 0, tcp_ack = 0;
  uint32_t fragment_id = 0;                        ///< with `fragment`
  uint16_t l3_offset = 0;                          ///< of the IP header, or of an ARP message
  uint16_t l4_offset = 0;                          ///< of the transport header; of a fragment's own bytes
  uint16_t payload_offset = 0;                     ///< of the transport payload
  uint16_t source_port = 0, destination_port = 0;  ///< 0 where the transport has none
  uint16_t vlan = kNoVlan;       ///< innermost VLAN id; a priority tag (id 0) counts as none
  uint16_t fragment_offset = 0;  ///< bytes; with `fragment`
  uint16_t fragment_next = 0;    ///< of the byte that announces IPv6's fragment header; with `fragment`
  uint16_t l4_checksum = 0;      ///< as it stands in the frame, host byte order (TCP, UDP, ICMPv6)
  uint8_t transport = 0;         ///< IP protocol number after any IPv6 extension headers; of an IPv6 fragment
                                 ///< what its fragment header announces
  uint8_t tcp_flags = 0;
  uint8_t hop_limit = 0;
  uint8_t icmp_type = 0, icmp_code = 0;
  bool v4 = false;
  bool fragment = false;  ///< any fragment, the first too; of that, no more than the ports are read
  bool more_fragments = false;

  bool operator==(const Packet&) const = default;
  bool is_tcp() const { return transport == kTcp; }
  bool is_udp() const { return transport == kUdp; }
};

/// What decoding came to: Ip fills the whole Packet, NotIp only the link layer's fields, Dropped names the
/// reason.
struct Decoded {
  enum class Kind : uint8_t {
    Ip,
    NotIp,
    Dropped
  } kind;
  Reason reason;
};

/// Decodes Ethernet II with 802.1Q and 802.1ad tags, IPv4, IPv6 with extension headers, TCP, UDP, ICMP.
/// headers: the frame's first min(frame_size, kMaxHeaderBytes) bytes. frame_size: bytes of the whole frame.
/// Never reads past headers; every length is checked against frame_size.
/// Source: IEEE 802.1Q 9.6; RFC 791 3.1; RFC 8200 3 and 4; RFC 9293 3.1; RFC 768; RFC 792; RFC 4443.
[[nodiscard]] inline Decoded decode_frame(std::span<const uint8_t> headers, uint32_t frame_size, Packet& out);

/// The same of what nearly every frame is (see glance.h). Returns false, and out says nothing, where it is
/// another.
[[nodiscard]] bool decode_common(std::span<const uint8_t> headers, uint32_t frame_size, Packet& out);
/// The same of any frame, field by field.
[[nodiscard]] Decoded decode_any(std::span<const uint8_t> headers, uint32_t frame_size, Packet& out);

inline Decoded decode_frame(std::span<const uint8_t> headers, uint32_t frame_size, Packet& out) {
  if (decode_common(headers, frame_size, out)) return {Decoded::Kind::Ip, Reason::Decided};
  return decode_any(headers, frame_size, out);
}

/// Decodes from an IP header on, as decode_frame does: for raw IP captures and for what an ICMP error quotes.
/// With quoted set, lengths that reach beyond the bytes are allowed, as a quote is cut short (RFC 792, RFC
/// 4443 2.4).
[[nodiscard]] Decoded decode_ip(std::span<const uint8_t> headers, uint32_t frame_size, bool quoted,
                                Packet& out);

}  // namespace sluice
