// act: changes to a packet that passes on.
#include "dataplane/act/rewrite.h"

#include <rte_mbuf.h>

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

bool clear_urgent(rte_mbuf& mbuf, const Packet& packet) {
  if (packet.l4_offset + kTcpHeader > rte_pktmbuf_data_len(&mbuf)) return false;
  auto* tcp = rte_pktmbuf_mtod_offset(&mbuf, uint8_t*, packet.l4_offset);
  rewrite16(tcp, kFlags, static_cast<uint16_t>(get16(tcp + kFlags) & ~uint32_t{kUrg}));
  rewrite16(tcp, kUrgentPointer, 0);
  return true;
}

}  // namespace sluice
