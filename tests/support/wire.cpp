// tests: reads a frame back, independently of the gateway's own decoder.
#include "tests/support/wire.h"

#include <arpa/inet.h>

#include <algorithm>

namespace sluice::test {
namespace {

uint16_t get16(const Bytes& data, size_t at) {
  return static_cast<uint16_t>(data.at(at) << 8 | data.at(at + 1));
}
uint32_t get32(const Bytes& data, size_t at) {
  return uint32_t{get16(data, at)} << 16 | get16(data, at + 2);
}
Bytes part(const Bytes& data, size_t at, size_t size) {
  return Bytes(data.begin() + static_cast<ptrdiff_t>(at), data.begin() + static_cast<ptrdiff_t>(at + size));
}

std::string address_text(const Bytes& address) {
  char text[INET6_ADDRSTRLEN];
  inet_ntop(address.size() == 4 ? AF_INET : AF_INET6, address.data(), text, sizeof text);
  return text;
}

void read_transport(Wire& out, const Bytes& addresses, const Bytes& l4) {
  Bytes covered;
  const bool icmp4 = out.protocol == 1;
  if (!icmp4) {
    covered = addresses;
    put32(covered, static_cast<uint32_t>(l4.size()));
    put32(covered, out.protocol);
  }
  put(covered, l4);
  out.l4_checksum_right = plain_checksum(covered) == 0;
  size_t header = 8;
  if (out.protocol == 1 || out.protocol == 58) {
    out.icmp_type = l4.at(0);
    out.icmp_code = l4.at(1);
    out.icmp_rest = get32(l4, 4);
  } else if (out.protocol == 17) {
    out.source_port = get16(l4, 0);
    out.destination_port = get16(l4, 2);
    out.l4_checksum_right &= get16(l4, 4) == l4.size() && get16(l4, 6) != 0;
  } else if (out.protocol == 6) {
    out.source_port = get16(l4, 0);
    out.destination_port = get16(l4, 2);
    out.seq = get32(l4, 4);
    out.ack = get32(l4, 8);
    header = size_t{4} * (l4.at(12) >> 4);
    out.flags = l4.at(13);
    out.window = get16(l4, 14);
  } else {
    header = 0;
  }
  out.payload = part(l4, header, l4.size() - header);
}

}  // namespace

Wire read_wire(const Bytes& frame) {
  Wire out;
  if (frame.size() < 14) return out;
  std::copy_n(frame.begin(), 6, out.to.begin());
  std::copy_n(frame.begin() + 6, 6, out.from.begin());
  size_t at = 12;
  while (get16(frame, at) == 0x8100 || get16(frame, at) == 0x88a8) {
    out.vlans.push_back(get16(frame, at + 2) & 0xfff);
    at += 4;
  }
  out.ethertype = get16(frame, at);
  at += 2;
  const Bytes ip = part(frame, at, frame.size() - at);
  const bool v4 = out.ethertype == 0x0800;
  if ((!v4 && out.ethertype != 0x86dd) || ip.size() < (v4 ? 20u : 40u)) return out;
  const size_t header = v4 ? size_t{4} * (ip[0] & 0xf) : 40;
  out.ip_size = v4 ? get16(ip, 2) : 40u + get16(ip, 4);
  if (out.ip_size > ip.size() || out.ip_size < header) return out;
  out.ip = true;
  const size_t address_size = v4 ? 4 : 16, addresses_at = v4 ? 12 : 8;
  out.source = address_text(part(ip, addresses_at, address_size));
  out.destination = address_text(part(ip, addresses_at + address_size, address_size));
  out.hops = ip[v4 ? 8 : 7];
  out.protocol = ip[v4 ? 9 : 6];
  if (v4) {
    out.ip_id = get16(ip, 4);
    out.ip_flags = get16(ip, 6);
    out.ip_checksum_right = plain_checksum(part(ip, 0, header)) == 0;
  } else {
    out.flow_label = get32(ip, 0) & 0xfffff;
    out.ip_checksum_right = true;
  }
  const size_t least = out.protocol == 6 ? 20 : 8;
  if (out.ip_size - header < least) return out;
  read_transport(out, part(ip, addresses_at, 2 * address_size), part(ip, header, out.ip_size - header));
  return out;
}

}  // namespace sluice::test
