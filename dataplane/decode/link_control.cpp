// decode: the kinds of link control.
#include "dataplane/decode/link_control.h"

namespace sluice {
namespace {

constexpr uint16_t kBgp = 179, kBfdControl = 3784, kBfdEcho = 3785, kBfdMultihop = 4784;
constexpr uint16_t kHsrp = 1985, kHsrpV6 = 2029;

bool is_link_local(const Address& address) {
  return address.bytes[0] == 0xfe && (address.bytes[1] & 0xc0) == 0x80;
}

/// ND never crosses a router, so its hop limit is 255 (RFC 4861 7.1); MLD's is 1 and its source link-local or
/// unspecified (RFC 3810 5).
bool is_ipv6_control(const Packet& p) {
  const bool discovery = p.icmp_type >= 133 && p.icmp_type <= 137;
  const bool multicast_listener = (p.icmp_type >= 130 && p.icmp_type <= 132) || p.icmp_type == 143;
  if (discovery) return p.hop_limit == 255;
  return multicast_listener && p.hop_limit == 1 && (is_link_local(p.source) || p.source == Address{});
}

/// BOOTP's fixed part is 236 bytes, and DHCP's magic cookie follows it (RFC 2131 3): a tunnel on these ports
/// is none.
bool is_dhcpv4(const Packet& p, std::span<const uint8_t> payload) {
  constexpr size_t kCookieAt = 236;
  constexpr uint8_t kCookie[] = {0x63, 0x82, 0x53, 0x63};
  const auto is_port = [](uint16_t port) { return port == 67 || port == 68; };
  if (!p.v4 || !is_port(p.source_port) || !is_port(p.destination_port) || payload.size() < kCookieAt + 4)
    return false;
  for (size_t i = 0; i < 4; ++i)
    if (payload[kCookieAt + i] != kCookie[i]) return false;
  return payload[0] == 1 || payload[0] == 2;
}

/// Between link-local addresses, or to the multicast groups of servers and relays (RFC 8415 7.1).
bool is_dhcpv6(const Packet& p) {
  const auto is_port = [](uint16_t port) { return port == 546 || port == 547; };
  return !p.v4 && is_port(p.source_port) && is_port(p.destination_port) && is_link_local(p.source) &&
         (is_link_local(p.destination) || is_multicast(p));
}

bool is_udp_control(const Packet& p, std::span<const uint8_t> payload) {
  if (is_dhcpv4(p, payload) || is_dhcpv6(p)) return true;
  const uint16_t port = p.destination_port;
  return is_multicast(p) && p.source_port == port && (port == kHsrp || port == kHsrpV6);
}

bool is_router_udp(uint16_t port) {
  return port == kBfdControl || port == kBfdEcho || port == kBfdMultihop;
}

bool is_dhcp_port(uint16_t port) {
  return port == 67 || port == 68 || port == 546 || port == 547;
}

}  // namespace

bool is_multicast(const Packet& p) {
  return p.v4 ? p.destination.bytes[12] >> 4 == 14 : p.destination.bytes[0] == 0xff;
}

bool may_be_link_control(uint8_t transport, uint16_t one_port, uint16_t other_port) {
  if (transport == kTcp) return one_port == kBgp || other_port == kBgp;
  if (transport != kUdp) return true;
  for (const uint16_t port : {one_port, other_port})
    if (is_dhcp_port(port) || is_router_udp(port) || port == kHsrp || port == kHsrpV6) return true;
  return false;
}

LinkControl link_control(const Packet& p, std::span<const uint8_t> payload) {
  if (p.fragment || !may_be_link_control(p.transport, p.source_port, p.destination_port))
    return LinkControl::No;
  bool passes = false, routers = false;
  switch (p.transport) {
    case kIcmpv6:
      passes = is_ipv6_control(p);
      break;
    case kIgmp:
      passes = p.v4 && is_multicast(p);
      break;
    case kVrrp:
      passes = is_multicast(p) && p.hop_limit == 255;
      break;
    case kUdp:
      passes = is_udp_control(p, payload);
      routers = is_router_udp(p.destination_port);
      break;
    case kTcp:
      routers = true;
      break;
    case kOspf:
      routers = true;
      break;
    default:
      break;
  }
  return passes ? LinkControl::Yes : routers ? LinkControl::BetweenRouters : LinkControl::No;
}

bool is_icmp_error(const Packet& p) {
  if (p.fragment) return false;
  if (p.transport == kIcmpv6) return !p.v4 && p.icmp_type < 128;
  const uint8_t type = p.icmp_type;
  return p.transport == kIcmp && p.v4 && (type == 3 || type == 4 || type == 5 || type == 11 || type == 12);
}

}  // namespace sluice
