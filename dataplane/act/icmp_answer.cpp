// act: ICMP and ICMPv6 "communication administratively prohibited".
#include <algorithm>
#include <array>

#include "dataplane/act/maker.h"

namespace sluice {
namespace {

constexpr size_t kIcmpHeader = 8;
constexpr size_t kMaxQuoteV4 = 576 - 20 - kIcmpHeader;   // RFC 1812 4.3.2.3
constexpr size_t kMaxQuoteV6 = 1280 - 40 - kIcmpHeader;  // RFC 4443 3.1

}  // namespace

void answer_icmp(Maker& maker) {
  const bool v4 = maker.packet().v4;
  std::array<uint8_t, kIcmpHeader> header{};
  header[0] = v4 ? 3 : 1;
  header[1] = v4 ? 13 : 1;
  const auto quote = maker.ip_bytes();
  maker.add_icmp(header, quote.first(std::min(quote.size(), v4 ? kMaxQuoteV4 : kMaxQuoteV6)));
}

}  // namespace sluice
