// act: link, IP, TCP, UDP and ICMP headers of the frames it makes.
#include "dataplane/act/maker.h"

#include <netinet/in.h>
#include <rte_mbuf.h>

#include <algorithm>
#include <cstring>

#include "dataplane/act/checksum.h"

namespace sluice {
namespace {

constexpr size_t kMacBytes = 6;
constexpr uint32_t kMinFrame = 60;  // IEEE 802.3 4.2.3.3 without its FCS: not every driver pads
constexpr uint8_t kHopLimit = 64;
constexpr size_t kIpv4Header = 20, kIpv6Header = 40, kTcpHeader = 20, kUdpHeader = 8;

}  // namespace

std::span<const uint8_t> Maker::payload() const {
  if (packet_.payload_offset >= frame_.size()) return {};
  const auto rest = frame_.subspan(packet_.payload_offset);
  return rest.first(std::min<size_t>(rest.size(), packet_.payload_size));
}

std::span<const uint8_t> Maker::ip_bytes() const {
  const size_t end = std::min<size_t>(frame_.size(), size_t{packet_.payload_offset} + packet_.payload_size);
  if (packet_.l3_offset >= end) return {};
  return frame_.subspan(packet_.l3_offset, end - packet_.l3_offset);
}

void Maker::write_ip(uint8_t* l3, Toward toward, uint8_t transport, uint32_t l4_size) const {
  const bool back = toward == Toward::Sender;
  const Address& source = back ? packet_.destination : packet_.source;
  const Address& destination = back ? packet_.source : packet_.destination;
  if (!packet_.v4) {
    std::memset(l3, 0, kIpv6Header);
    l3[0] = 0x60;
    put16(l3 + 4, l4_size);
    l3[6] = transport;
    l3[7] = kHopLimit;
    std::memcpy(l3 + 8, source.bytes.data(), 16);
    std::memcpy(l3 + 24, destination.bytes.data(), 16);
    return;
  }
  std::memset(l3, 0, kIpv4Header);
  l3[0] = 0x45;
  put16(l3 + 2, kIpv4Header + l4_size);
  put16(l3 + 6, 0x4000);  // don't fragment: with id 0, as RFC 6864 4 allows
  l3[8] = kHopLimit;
  l3[9] = transport;
  std::memcpy(l3 + 12, source.bytes.data() + 12, 4);
  std::memcpy(l3 + 16, destination.bytes.data() + 12, 4);
  put16(l3 + 10, static_cast<uint16_t>(~checksum_fold({l3, kIpv4Header})));
}

uint8_t* Maker::open(Toward toward, uint8_t transport, uint32_t l4_size) {
  const uint32_t l2_size = packet_.l3_offset;
  const uint32_t l3_size = packet_.v4 ? kIpv4Header : kIpv6Header;
  const uint32_t size = l2_size + l3_size + l4_size;
  const uint32_t padded = std::max(size, kMinFrame);
  if (answers_.count == answers_.packets.size()) return nullptr;
  rte_mbuf* mbuf = rte_pktmbuf_alloc(pool_);
  if (mbuf == nullptr || rte_pktmbuf_tailroom(mbuf) < padded) {
    rte_pktmbuf_free(mbuf);
    ++answers_.missing;
    return nullptr;
  }
  auto* data = reinterpret_cast<uint8_t*>(rte_pktmbuf_append(mbuf, static_cast<uint16_t>(padded)));
  std::memset(data + size, 0, padded - size);
  std::memcpy(data, frame_.data(), l2_size);
  if (toward == Toward::Sender) {
    std::memcpy(data, frame_.data() + kMacBytes, kMacBytes);
    std::memcpy(data + kMacBytes, frame_.data(), kMacBytes);
  }
  if (link_before_ip(packet_, frame_) == LinkBeforeIp::Pppoe)
    put16(data + l2_size - 4, 2 + l3_size + l4_size);
  write_ip(data + l2_size, toward, transport, l4_size);
  answers_.packets[answers_.count++] = {mbuf, toward};
  return data + l2_size + l3_size;
}

uint16_t Maker::transport_checksum(uint8_t transport, std::span<const uint8_t> l4) const {
  // The pseudo-header's sum does not change when its addresses are swapped.
  Packet made = packet_;
  made.transport = transport;
  const auto size = static_cast<uint32_t>(l4.size());
  return static_cast<uint16_t>(~checksum_fold(l4, pseudo_header_sum(made, size)));
}

void Maker::add_tcp(Toward toward, TcpSegment segment, std::span<const uint8_t> payload) {
  const bool back = toward == Toward::Sender;
  const size_t size = kTcpHeader + payload.size();
  uint8_t* tcp = open(toward, IPPROTO_TCP, static_cast<uint32_t>(size));
  if (tcp == nullptr) return;
  std::memset(tcp, 0, kTcpHeader);
  put16(tcp, back ? packet_.destination_port : packet_.source_port);
  put16(tcp + 2, back ? packet_.source_port : packet_.destination_port);
  put32(tcp + 4, segment.seq);
  put32(tcp + 8, segment.ack);
  tcp[12] = (kTcpHeader / 4) << 4;
  tcp[13] = segment.flags;
  if (!(segment.flags & kRst)) put16(tcp + 14, 0xffff);
  copy(tcp + kTcpHeader, payload.data(), payload.size());
  put16(tcp + 16, transport_checksum(IPPROTO_TCP, {tcp, size}));
}

void Maker::add_udp(Toward toward, std::span<const uint8_t> payload) {
  const bool back = toward == Toward::Sender;
  const size_t size = kUdpHeader + payload.size();
  uint8_t* udp = open(toward, IPPROTO_UDP, static_cast<uint32_t>(size));
  if (udp == nullptr) return;
  put16(udp, back ? packet_.destination_port : packet_.source_port);
  put16(udp + 2, back ? packet_.source_port : packet_.destination_port);
  put16(udp + 4, static_cast<uint32_t>(size));
  put16(udp + 6, 0);
  copy(udp + kUdpHeader, payload.data(), payload.size());
  const uint16_t sum = transport_checksum(IPPROTO_UDP, {udp, size});
  put16(udp + 6, sum == 0 ? 0xffff : sum);  // 0 would say that there is none (RFC 768)
}

void Maker::add_icmp(std::span<const uint8_t> header, std::span<const uint8_t> quote) {
  const size_t size = header.size() + quote.size();
  const uint8_t transport = packet_.v4 ? uint8_t{IPPROTO_ICMP} : uint8_t{IPPROTO_ICMPV6};
  uint8_t* icmp = open(Toward::Sender, transport, static_cast<uint32_t>(size));
  if (icmp == nullptr) return;
  std::memcpy(icmp, header.data(), header.size());
  copy(icmp + header.size(), quote.data(), quote.size());
  const std::span<const uint8_t> whole(icmp, size);
  put16(icmp + 2,
        packet_.v4 ? static_cast<uint16_t>(~checksum_fold(whole)) : transport_checksum(transport, whole));
}

}  // namespace sluice
