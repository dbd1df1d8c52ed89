// decode: ARP, and ND's two messages that say whose an address is.
#include "dataplane/decode/neighbour.h"

#include <algorithm>
#include <cstring>

namespace sluice {
namespace {

constexpr size_t kMacBytes = 6, kSourceMacAt = 6;

/// One machine's own, and that of the frame: whoever speaks for others is no neighbour.
bool is_senders(std::span<const uint8_t> frame, const uint8_t* mac) {
  const bool group = mac[0] & 1;
  const bool zero = std::all_of(mac, mac + kMacBytes, [](uint8_t byte) { return byte == 0; });
  return !group && !zero && std::memcmp(frame.data() + kSourceMacAt, mac, kMacBytes) == 0;
}

bool is_machines(const Address& address) {
  if (address.is_v4()) {
    const uint8_t first = address.bytes[12];
    return first != 0 && first != 127 && first < 224;
  }
  const bool link_local = address.bytes[0] == 0xfe && (address.bytes[1] & 0xc0) == 0x80;
  return address != Address{} && address.bytes[0] != 0xff && !link_local;
}

bool fill(std::span<const uint8_t> frame, const Packet& packet, const Address& address, const uint8_t* mac,
          Neighbour& out) {
  if (!is_machines(address) || !is_senders(frame, mac)) return false;
  out.address = address;
  std::memcpy(out.mac, mac, kMacBytes);
  out.vlan = packet.vlan;
  return true;
}

}  // namespace

bool read_arp(std::span<const uint8_t> frame, const Packet& packet, Neighbour& out) {
  constexpr size_t kArpBytes = 28, kSenderMac = 8, kSenderIp = 14;
  constexpr uint8_t kHead[] = {0, 1, 8, 0,
                               6, 4, 0};  // Ethernet, IPv4, their lengths, the operation's upper byte
  if (packet.l3_offset == 0 || frame.size() < packet.l3_offset + kArpBytes) return false;
  const uint8_t* const arp = frame.data() + packet.l3_offset;
  if (std::memcmp(arp, kHead, sizeof kHead) != 0 || (arp[7] != 1 && arp[7] != 2)) return false;
  return fill(frame, packet, Address::from_v4(arp + kSenderIp), arp + kSenderMac, out);
}

bool read_nd(std::span<const uint8_t> frame, const Packet& packet, Neighbour& out) {
  constexpr uint8_t kSolicitation = 135, kAdvertisement = 136;
  constexpr size_t kTarget = 8, kOptions = 24, kUnit = 8;
  const bool solicits = packet.icmp_type == kSolicitation;
  if (packet.v4 || packet.fragment || packet.transport != kIcmpv6 || packet.hop_limit != 255 ||
      (!solicits && packet.icmp_type != kAdvertisement) || frame.size() < packet.l4_offset + kOptions)
    return false;
  const size_t message = packet.payload_offset - packet.l4_offset + size_t{packet.payload_size};
  const auto nd = frame.subspan(packet.l4_offset, std::min(frame.size() - packet.l4_offset, message));
  if (nd.size() < kOptions) return false;
  const Address address = solicits ? packet.source : Address::from_v6(nd.data() + kTarget);
  const uint8_t wanted = solicits ? 1 : 2;  // the source's address, the target's
  for (auto rest = nd.subspan(kOptions); rest.size() >= kUnit;) {
    const size_t size = rest[1] * kUnit;
    if (size == 0 || size > rest.size()) return false;
    if (rest[0] == wanted && size == kUnit) return fill(frame, packet, address, rest.data() + 2, out);
    rest = rest.subspan(size);
  }
  return false;
}

}  // namespace sluice
