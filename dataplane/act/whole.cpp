// act: the headers of a datagram that is put together from its fragments.
#include "dataplane/act/whole.h"

#include "dataplane/act/checksum.h"
#include "dataplane/act/maker.h"

namespace sluice {

uint32_t make_whole(std::span<uint8_t> headers, const Packet& first, uint32_t payload_size) {
  constexpr size_t kIpv6Header = 40, kIpv6FragmentHeader = 8;
  const auto size = static_cast<uint32_t>(headers.size());
  const auto ip = headers.subspan(first.l3_offset);
  if (first.v4) {
    put16(ip.data() + 2, static_cast<uint32_t>(ip.size()) + payload_size);
    put16(ip.data() + 6, 0);
    put16(ip.data() + 10, 0);
    put16(ip.data() + 10, static_cast<uint16_t>(~checksum_fold(ip)));
    return size;
  }
  // The fragment header is the last of the headers that every fragment has.
  const size_t others = ip.size() - kIpv6Header - kIpv6FragmentHeader;
  put16(ip.data() + 4, static_cast<uint32_t>(others) + payload_size);
  headers[first.fragment_next] = first.transport;
  return size - kIpv6FragmentHeader;
}

}  // namespace sluice
