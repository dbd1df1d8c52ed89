// act: changes to a packet that passes on.
#include "dataplane/act/rewrite.h"

#include <rte_ip.h>
#include <rte_mbuf.h>

#include <algorithm>
#include <cstring>

#include "dataplane/act/checksum.h"
#include "dataplane/act/maker.h"

namespace sluice {
namespace {

constexpr size_t kFlags = 12, kChecksum = 16, kUrgentPointer = 18, kTcpHeader = 20;

/// RFC 1624 3, equation 3: HC' = ~(~HC + ~m + m').
uint16_t mended(uint16_t checksum, uint16_t before, uint16_t after) {
  uint32_t sum = uint32_t{static_cast<uint16_t>(~checksum)} + static_cast<uint16_t>(~before) + after;
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<uint16_t>(~sum);
}

/// Writes a 16-bit field of a TCP header, and what it means for the checksum.
void rewrite16(uint8_t* tcp, size_t field, uint16_t value) {
  put16(tcp + kChecksum, mended(get16(tcp + kChecksum), get16(tcp + field), value));
  put16(tcp + field, value);
}

}  // namespace

void write_bytes(rte_mbuf& mbuf, uint32_t offset, std::span<const uint8_t> bytes) {
  for (rte_mbuf* segment = &mbuf; segment != nullptr && !bytes.empty(); segment = segment->next) {
    const uint32_t size = rte_pktmbuf_data_len(segment);
    if (offset >= size) {
      offset -= size;
      continue;
    }
    const size_t part = std::min<size_t>(bytes.size(), size - offset);
    std::memcpy(rte_pktmbuf_mtod_offset(segment, uint8_t*, offset), bytes.data(), part);
    bytes = bytes.subspan(part);
    offset = 0;
  }
}

bool clear_urgent(rte_mbuf& mbuf, const Packet& packet) {
  if (packet.l4_offset + kTcpHeader > rte_pktmbuf_data_len(&mbuf)) return false;
  auto* tcp = rte_pktmbuf_mtod_offset(&mbuf, uint8_t*, packet.l4_offset);
  rewrite16(tcp, kFlags, static_cast<uint16_t>(get16(tcp + kFlags) & ~uint32_t{kUrg}));
  rewrite16(tcp, kUrgentPointer, 0);
  return true;
}

void overwrite_payload(rte_mbuf& mbuf, const Packet& packet, std::span<const uint8_t> payload) {
  write_bytes(mbuf, packet.payload_offset, payload);
  if (packet.is_udp() && packet.l4_checksum == 0) return;  // its sender did without (RFC 768)
  const uint32_t l4_size = packet.payload_offset - packet.l4_offset + packet.payload_size;
  const uint32_t field = packet.l4_offset + (packet.is_tcp() ? 16U : 6U);
  uint8_t place[2] = {0, 0};
  write_bytes(mbuf, field, place);
  uint16_t sum = 0;
  if (rte_raw_cksum_mbuf(&mbuf, packet.l4_offset, l4_size, &sum) != 0) return;
  const uint32_t total = uint32_t{__builtin_bswap16(sum)} + pseudo_header_sum(packet, l4_size);
  auto checksum = static_cast<uint16_t>(~((total & 0xffff) + (total >> 16)));
  if (checksum == 0 && packet.is_udp()) checksum = 0xffff;
  put16(place, checksum);
  write_bytes(mbuf, field, place);
}

}  // namespace sluice
