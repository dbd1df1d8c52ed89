// decode: the first look at a frame: what tells its flow, of the frames that nearly all are, in a few loads.
#pragma once

#include "dataplane/decode/bytes.h"
#include "dataplane/decode/packet.h"

namespace sluice {

/// Of a frame with one VLAN tag or none, IPv4 without options or IPv6 without extension headers, unfragmented
/// TCP or UDP, with which nothing is wrong. The fields are those of Packet.
struct Glance {
  AddressWords source, destination;
  uint32_t l4_size;  ///< transport header and payload
  uint16_t l3_offset, l4_offset;
  uint16_t source_port, destination_port, vlan, l4_checksum;
  uint16_t payload_offset;
  uint8_t transport, tcp_flags;
  bool v4;

  /// A segment in the midst of its connection.
  bool is_plain_tcp() const { return transport == kTcp && (tcp_flags & (kSyn | kFin | kRst)) == 0; }
};

/// Flags that no stack sends, and that some read one way and some another.
constexpr bool impossible(uint8_t tcp_flags) {
  const uint8_t control = tcp_flags & (kSyn | kFin | kRst | kAck);
  return control == 0 || ((tcp_flags & kSyn) && (tcp_flags & (kFin | kRst)));
}

/// Arguments as decode_frame's, but that headers may end earlier. Returns false, and out says nothing, where
/// the frame is another than a Glance tells of.
[[nodiscard]] inline bool glance(std::span<const uint8_t> headers, uint32_t frame_size, Glance& out) {
  constexpr size_t kEthernet = 14, kTag = 4, kIpv4 = 20, kIpv6 = 40, kTcpHeader = 20, kUdpHeader = 8;
  constexpr uint16_t kIpv4Type = 0x0800, kIpv6Type = 0x86dd, kVlanType = 0x8100;
  const uint8_t* const frame = headers.data();
  if (headers.size() < kEthernet + kTag + kIpv4) return false;
  uint16_t type = get16(frame + kEthernet - 2);
  size_t at = kEthernet;
  out.vlan = kNoVlan;
  if (type == kVlanType) {
    const uint16_t id = get16(frame + at) & 0x0fff;
    if (id != 0) out.vlan = id;
    type = get16(frame + at + 2);
    at += kTag;
  }
  const uint8_t* const l3 = frame + at;
  const size_t available = frame_size - at;
  out.l3_offset = static_cast<uint16_t>(at);
  out.v4 = type == kIpv4Type;
  if (out.v4) {
    const uint32_t total = get16(l3 + 2);
    // Neither offset nor MF: all of a datagram.
    if (l3[0] != 0x45 || total < kIpv4 || total > available || (get16(l3 + 6) & 0x3fff) != 0) return false;
    out.transport = l3[9];
    out.source = AddressWords::from_v4(l3 + 12);
    out.destination = AddressWords::from_v4(l3 + 16);
    out.l4_size = total - static_cast<uint32_t>(kIpv4);
    at += kIpv4;
  } else {
    if (type != kIpv6Type || headers.size() - at < kIpv6 || l3[0] >> 4 != 6) return false;
    out.l4_size = get16(l3 + 4);
    if (out.l4_size > available - kIpv6) return false;
    out.transport = l3[6];
    out.source = AddressWords::from_v6(l3 + 8);
    out.destination = AddressWords::from_v6(l3 + 24);
    at += kIpv6;
  }
  const size_t left = headers.size() - at;
  const uint8_t* const l4 = frame + at;
  out.l4_offset = static_cast<uint16_t>(at);
  if (out.transport == kTcp) {
    if (left < kTcpHeader) return false;
    const uint32_t header = (l4[12] >> 4) * 4U;
    out.tcp_flags = l4[13] & 0x3f;
    if (header < kTcpHeader || header > out.l4_size || impossible(out.tcp_flags)) return false;
    out.l4_checksum = get16(l4 + 16);
    out.payload_offset = static_cast<uint16_t>(at + header);
  } else if (out.transport == kUdp) {
    if (left < kUdpHeader) return false;
    const uint32_t length = get16(l4 + 4);
    if (length < kUdpHeader || length > out.l4_size) return false;
    out.tcp_flags = 0;
    out.l4_checksum = get16(l4 + 6);
    out.payload_offset = static_cast<uint16_t>(at + kUdpHeader);
    out.l4_size = length;
  } else {
    return false;
  }
  out.source_port = get16(l4);
  out.destination_port = get16(l4 + 2);
  return true;
}

}  // namespace sluice
