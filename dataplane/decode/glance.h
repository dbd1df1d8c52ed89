// decode: the first look at a frame: what tells its flow, of the frames that nearly all are, in a few loads.
#pragma once

#include <optional>
#include <type_traits>

#include "dataplane/decode/bytes.h"
#include "dataplane/decode/packet.h"

namespace sluice {

/// Of a frame with one VLAN tag or none, IPv4 without options or IPv6 without extension headers, unfragmented
/// TCP or UDP, with which nothing is wrong. The fields are those of Packet. Pair: Ipv4Pair or, for IPv6,
/// AddressPair.
template <class Pair>
struct Glance {
  static constexpr bool kV4 = std::is_same_v<Pair, Ipv4Pair>;

  Pair addresses;    ///< the source first
  uint32_t l4_size;  ///< transport header and payload
  uint32_t ports;    ///< the source's in the high half, the destination's in the low one
  uint16_t l3_offset, l4_offset;
  uint16_t vlan, l4_checksum;
  uint16_t l4_header;  ///< bytes of the transport header
  uint8_t transport, tcp_flags;

  uint32_t payload_size() const { return l4_size - l4_header; }
  /// What of the flags opens or closes a connection, or says that it is open.
  uint8_t control() const { return tcp_flags & (kSyn | kFin | kRst | kAck); }
};

/// Flags that no stack sends, and that some read one way and some another. tcp_flags: less than 64.
constexpr bool impossible(uint8_t tcp_flags) {
  constexpr uint64_t kImpossible = [] {
    uint64_t all = 0;
    for (unsigned flags = 0; flags < 64; ++flags) {
      const bool none = (flags & (kSyn | kFin | kRst | kAck)) == 0;
      const bool both = (flags & kSyn) && (flags & (kFin | kRst));
      all |= uint64_t{none || both} << flags;
    }
    return all;
  }();
  return kImpossible >> tcp_flags & 1;
}

/// The transport's part of a glance: the rest of out is set. left: bytes of headers from l4 on.
template <class Pair>
[[nodiscard, gnu::always_inline]] inline bool glance_at_transport(const uint8_t* l4, size_t left,
                                                                  Glance<Pair>& out) {
  constexpr size_t kTcpHeader = 20, kUdpHeader = 8;
  if (out.transport == kTcp) {
    if (left < kTcpHeader) return false;
    const uint32_t header = l4[12] >> 2 & 0x3cU;
    out.tcp_flags = l4[13] & 0x3f;
    if (header < kTcpHeader || header > out.l4_size || impossible(out.tcp_flags)) return false;
    out.l4_checksum = get16(l4 + 16);
    out.l4_header = static_cast<uint16_t>(header);
  } else if (out.transport == kUdp) {
    if (left < kUdpHeader) return false;
    const uint32_t length = get16(l4 + 4);
    if (length < kUdpHeader || length > out.l4_size) return false;
    out.tcp_flags = 0;
    out.l4_checksum = get16(l4 + 6);
    out.l4_header = kUdpHeader;
    out.l4_size = length;
  } else {
    return false;
  }
  out.ports = get32(l4);
  return true;
}

/// A glance from the IP header on, which begins behind kLink bytes of frame, and whose type the link layer
/// said.
template <size_t kLink, class Then>
[[nodiscard, gnu::always_inline]] inline bool glance_at_ip(uint16_t type, uint16_t vlan,
                                                           std::span<const uint8_t> headers,
                                                           uint32_t frame_size, Then then) {
  constexpr size_t kIpv4 = 20, kIpv6 = 40;
  constexpr uint16_t kIpv4Type = 0x0800, kIpv6Type = 0x86dd;
  const uint8_t* const l3 = headers.data() + kLink;
  if (type == kIpv4Type) {
    uint64_t begin;
    std::memcpy(&begin, l3, sizeof begin);
    // Version and header length are the first byte; neither MF nor an offset in the last two.
    constexpr uint64_t kPlain = 0x45, kFixed = 0xff | uint64_t{0x3f} << 48 | uint64_t{0xff} << 56;
    const uint32_t total = __builtin_bswap16(static_cast<uint16_t>(begin >> 16));
    if ((begin & kFixed) != kPlain || total < kIpv4 || kLink + total > frame_size) return false;
    Glance<Ipv4Pair> seen;
    seen.addresses = Ipv4Pair::at(l3 + 12);
    seen.transport = l3[9];
    seen.l4_size = total - static_cast<uint32_t>(kIpv4);
    seen.vlan = vlan;
    seen.l3_offset = kLink;
    seen.l4_offset = kLink + kIpv4;
    if (!glance_at_transport(l3 + kIpv4, headers.size() - kLink - kIpv4, seen)) return false;
    then(seen);
    return true;
  }
  if (type != kIpv6Type || headers.size() < kLink + kIpv6 || l3[0] >> 4 != 6) return false;
  Glance<AddressPair> seen;
  seen.l4_size = get16(l3 + 4);
  if (kLink + kIpv6 + seen.l4_size > frame_size) return false;
  seen.addresses = {AddressWords::from_v6(l3 + 8), AddressWords::from_v6(l3 + 24)};
  seen.transport = l3[6];
  seen.vlan = vlan;
  seen.l3_offset = kLink;
  seen.l4_offset = kLink + kIpv6;
  if (!glance_at_transport(l3 + kIpv6, headers.size() - kLink - kIpv6, seen)) return false;
  then(seen);
  return true;
}

/// Arguments as decode_frame's, but that headers may end earlier. Returns false where the frame is another
/// than a Glance tells of; else calls then with one. That is done for each kind of frame apart, so that all
/// places are constant and all of the Glance is in registers.
template <class Then>
[[nodiscard, gnu::always_inline]] inline bool glance(std::span<const uint8_t> headers, uint32_t frame_size,
                                                     Then then) {
  constexpr size_t kEthernet = 14, kTag = 4, kLeastIp = 20;
  constexpr uint16_t kVlanType = 0x8100;
  const uint8_t* const frame = headers.data();
  if (headers.size() < kEthernet + kTag + kLeastIp) return false;
  const uint16_t type = get16(frame + kEthernet - 2);
  if (type != kVlanType) return glance_at_ip<kEthernet>(type, kNoVlan, headers, frame_size, then);
  const uint16_t id = get16(frame + kEthernet) & 0x0fff;
  return glance_at_ip<kEthernet + kTag>(get16(frame + kEthernet + 2), id != 0 ? id : kNoVlan, headers,
                                        frame_size, then);
}

/// The addresses of a fragment of TCP, UDP or ICMP over IPv4, the source first, behind one VLAN tag or none;
/// nothing of any other frame. Whether something is wrong with it is not told.
[[nodiscard]] inline std::optional<Ipv4Pair> glance_at_fragment(std::span<const uint8_t> headers) {
  constexpr size_t kTypeAt = 12, kTag = 4, kLeastIp = 20;
  constexpr uint16_t kVlanType = 0x8100, kIpv4Type = 0x0800, kMoreOrOffset = 0x3fff;
  if (headers.size() < kTypeAt + 2 + kTag + kLeastIp) return std::nullopt;
  const uint8_t* l3 = headers.data() + kTypeAt + 2;
  if (get16(l3 - 2) == kVlanType) l3 += kTag;
  if (get16(l3 - 2) != kIpv4Type || l3[0] >> 4 != 4 || (get16(l3 + 6) & kMoreOrOffset) == 0)
    return std::nullopt;
  if (l3[9] != kTcp && l3[9] != kUdp && l3[9] != kIcmp) return std::nullopt;
  return Ipv4Pair::at(l3 + 12);
}

}  // namespace sluice
