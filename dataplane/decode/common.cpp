// decode: the frames that nearly all are, in a few loads.
#include <cstring>

#include "dataplane/decode/reader.h"

namespace sluice {
namespace {

constexpr size_t kEthernet = 14, kTag = 4, kIpv4 = 20, kIpv6 = 40, kTcpHeader = 20, kUdpHeader = 8;
uint16_t load16(const uint8_t* at) {
  uint16_t value;
  std::memcpy(&value, at, sizeof value);
  return __builtin_bswap16(value);
}
uint32_t load32(const uint8_t* at) {
  uint32_t value;
  std::memcpy(&value, at, sizeof value);
  return __builtin_bswap32(value);
}

bool decode_common_tcp(const uint8_t* l4, size_t left, Packet& out, uint32_t size) {
  if (left < kTcpHeader) return false;
  const uint32_t header = (l4[12] >> 4) * 4U;
  out.tcp_flags = l4[13] & 0x3f;
  if (size < kTcpHeader || header < kTcpHeader || header > size || impossible(out.tcp_flags)) return false;
  out.tcp_seq = load32(l4 + 4);
  out.tcp_ack = load32(l4 + 8);
  out.l4_checksum = load16(l4 + 16);
  out.payload_offset = static_cast<uint16_t>(out.l4_offset + header);
  out.payload_size = size - header;
  return true;
}

bool decode_common_udp(const uint8_t* l4, Packet& out, uint32_t size) {
  const uint32_t length = load16(l4 + 4);
  if (size < kUdpHeader || length < kUdpHeader || length > size) return false;
  out.l4_checksum = load16(l4 + 6);
  out.payload_offset = static_cast<uint16_t>(out.l4_offset + kUdpHeader);
  out.payload_size = length - static_cast<uint32_t>(kUdpHeader);
  return true;
}

}  // namespace

bool decode_common(std::span<const uint8_t> headers, uint32_t frame_size, Packet& out) {
  constexpr uint16_t kIpv4Type = 0x0800, kIpv6Type = 0x86dd, kVlanType = 0x8100;
  const uint8_t* const frame = headers.data();
  if (headers.size() < kEthernet + kTag + kIpv4) return false;
  // `out = Packet{}` is made elsewhere first, by stores that the copy then waits for.
  std::memset(static_cast<void*>(&out), 0, sizeof out);
  out.vlan = kNoVlan;
  uint16_t type = load16(frame + kEthernet - 2);
  const uint8_t* l3 = frame + kEthernet;
  if (type == kVlanType) {
    const uint16_t id = load16(l3) & 0x0fff;
    if (id != 0) out.vlan = id;
    type = load16(l3 + 2);
    l3 += kTag;
  }
  const auto l3_offset = static_cast<uint32_t>(l3 - frame);
  const size_t headers_left = headers.size() - l3_offset;
  out.l3_offset = static_cast<uint16_t>(l3_offset);
  const uint32_t available = frame_size - l3_offset;
  uint32_t size = 0;  // of the transport's header and payload
  const uint8_t* l4 = nullptr;
  if (type == kIpv4Type) {
    const uint32_t total = load16(l3 + 2);
    const uint16_t flags_and_offset = load16(l3 + 6);
    if (l3[0] != 0x45 || total < kIpv4 || total > available || (flags_and_offset & 0x3fff) != 0) return false;
    out.v4 = true;
    out.fragment_id = load16(l3 + 4);
    out.hop_limit = l3[8];
    out.transport = l3[9];
    out.source = Address::from_v4(l3 + 12);
    out.destination = Address::from_v4(l3 + 16);
    size = total - static_cast<uint32_t>(kIpv4);
    l4 = l3 + kIpv4;
  } else if (type == kIpv6Type) {
    if (headers_left < kIpv6) return false;
    size = load16(l3 + 4);
    if (l3[0] >> 4 != 6 || available < kIpv6 || size > available - kIpv6) return false;
    out.hop_limit = l3[7];
    out.transport = l3[6];
    out.source = Address::from_v6(l3 + 8);
    out.destination = Address::from_v6(l3 + 24);
    l4 = l3 + kIpv6;
  } else {
    return false;
  }
  const auto l4_offset = static_cast<uint32_t>(l4 - frame);
  out.l4_offset = static_cast<uint16_t>(l4_offset);
  const size_t left = headers.size() - l4_offset;
  if (left < kUdpHeader) return false;
  out.source_port = load16(l4);
  out.destination_port = load16(l4 + 2);
  if (out.transport == kTcp) return decode_common_tcp(l4, left, out, size);
  return out.transport == kUdp && decode_common_udp(l4, out, size);
}

}  // namespace sluice
