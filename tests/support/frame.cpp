// tests: builds frames of every shape, right by default and wrong where asked.
#include "tests/support/frame.h"

#include <arpa/inet.h>

#include <cstdio>
#include <cstdlib>

namespace sluice::test {
namespace {

constexpr uint8_t kFragmentHeader = 44;

void set16(Bytes& out, size_t at, uint32_t value) {
  out[at] = static_cast<uint8_t>(value >> 8);
  out[at + 1] = static_cast<uint8_t>(value);
}

Bytes padded(Bytes data, size_t to) {
  while (data.size() % to != 0) data.push_back(0);
  return data;
}

uint16_t sum_of(const Bytes& data) {
  uint32_t sum = 0;
  for (size_t at = 0; at < data.size(); ++at) {
    sum += at % 2 == 0 ? uint32_t{data[at]} << 8 : data[at];
    sum = (sum & 0xffff) + (sum >> 16);
  }
  return static_cast<uint16_t>(sum);
}

}  // namespace

Bytes bytes(std::string_view text) {
  return Bytes(text.begin(), text.end());
}
void put16(Bytes& out, uint32_t value) {
  out.push_back(static_cast<uint8_t>(value >> 8));
  out.push_back(static_cast<uint8_t>(value));
}
void put32(Bytes& out, uint32_t value) {
  put16(out, value >> 16);
  put16(out, value);
}
void put(Bytes& out, const Bytes& more) {
  out.insert(out.end(), more.begin(), more.end());
}

Bytes address_bytes(std::string_view text) {
  const std::string copy(text);
  Bytes out(16);
  if (inet_pton(AF_INET6, copy.c_str(), out.data()) == 1) return out;
  out.resize(4);
  if (inet_pton(AF_INET, copy.c_str(), out.data()) == 1) return out;
  std::fprintf(stderr, "tests: %s is no address\n", copy.c_str());
  std::exit(1);
}

uint16_t plain_checksum(const Bytes& data) {
  return static_cast<uint16_t>(~sum_of(data));
}

Frame& Frame::mac(Mac from, Mac to) {
  from_ = from;
  to_ = to;
  return *this;
}
Frame& Frame::vlan(uint16_t id, uint16_t tpid, uint8_t priority) {
  tags_.push_back({tpid, static_cast<uint16_t>(priority << 13 | id)});
  return *this;
}
Frame& Frame::ethertype(uint16_t type) {
  ethertype_ = type;
  return *this;
}
Frame& Frame::ip(std::string_view source, std::string_view destination) {
  source_ = address_bytes(source);
  destination_ = address_bytes(destination);
  return *this;
}
Frame& Frame::ttl(uint8_t hops) {
  ttl_ = hops;
  return *this;
}
Frame& Frame::protocol(uint8_t number) {
  protocol_ = number;
  return *this;
}
Frame& Frame::ip_options(Bytes options) {
  ip_options_ = padded(std::move(options), 4);
  return *this;
}
Frame& Frame::extension(uint8_t type, Bytes body) {
  while ((body.size() + 2) % 8 != 0) body.push_back(0);
  extensions_.push_back({type, std::move(body)});
  return *this;
}
Frame& Frame::fragment(uint16_t offset_bytes, bool more, uint32_t id) {
  fragment_id_ = id;
  if (!v6()) {
    fragment_ = static_cast<uint16_t>(offset_bytes / 8 | (more ? 0x2000 : 0));
    return *this;
  }
  Bytes body;
  put16(body, static_cast<uint32_t>(offset_bytes | (more ? 1 : 0)));
  put32(body, id);
  extensions_.push_back({kFragmentHeader, body});
  return *this;
}
Frame& Frame::tcp(uint16_t source, uint16_t destination, uint8_t flags, uint32_t seq, uint32_t ack) {
  transport_ = Transport::Tcp;
  source_port_ = source;
  destination_port_ = destination;
  tcp_flags_ = flags;
  seq_ = seq;
  ack_ = ack;
  return *this;
}
Frame& Frame::urgent(uint16_t pointer) {
  tcp_flags_ |= 0x20;
  urgent_ = pointer;
  return *this;
}

Frame& Frame::tcp_options(Bytes options) {
  tcp_options_ = padded(std::move(options), 4);
  return *this;
}
Frame& Frame::udp(uint16_t source, uint16_t destination) {
  transport_ = Transport::Udp;
  source_port_ = source;
  destination_port_ = destination;
  return *this;
}
Frame& Frame::icmp(uint8_t type, uint8_t code, uint32_t rest) {
  transport_ = Transport::Icmp;
  icmp_type_ = type;
  icmp_code_ = code;
  icmp_rest_ = rest;
  return *this;
}
Frame& Frame::payload(Bytes data) {
  payload_ = std::move(data);
  return *this;
}
Frame& Frame::pad_to(size_t size) {
  pad_to_ = size;
  return *this;
}
Frame& Frame::wrong_ip_checksum() {
  ip_sum_ = Sum::Wrong;
  return *this;
}
Frame& Frame::wrong_l4_checksum() {
  l4_sum_ = Sum::Wrong;
  return *this;
}
Frame& Frame::unfinished_checksum() {
  l4_sum_ = Sum::Unfinished;
  return *this;
}
Frame& Frame::no_udp_checksum() {
  l4_sum_ = Sum::None;
  return *this;
}
Frame& Frame::ip_length(uint16_t value) {
  ip_length_ = value;
  return *this;
}
Frame& Frame::ip_header_words(uint8_t value) {
  ip_header_words_ = value;
  return *this;
}
Frame& Frame::udp_length(uint16_t value) {
  udp_length_ = value;
  return *this;
}
Frame& Frame::tcp_header_words(uint8_t value) {
  tcp_header_words_ = value;
  return *this;
}

uint8_t Frame::transport_number() const {
  if (protocol_) return *protocol_;
  switch (transport_) {
    case Transport::Tcp:
      return 6;
    case Transport::Udp:
      return 17;
    case Transport::Icmp:
      return v6() ? 58 : 1;
    case Transport::None:
      break;
  }
  return 59;  // no next header
}

Bytes Frame::transport_header() const {
  Bytes out;
  if (transport_ == Transport::Icmp) {
    out = {icmp_type_, icmp_code_, 0, 0};
    put32(out, icmp_rest_);
    return out;
  }
  if (transport_ == Transport::None) return out;
  put16(out, source_port_);
  put16(out, destination_port_);
  if (transport_ == Transport::Udp) {
    put16(out, udp_length_.value_or(static_cast<uint16_t>(8 + payload_.size())));
    put16(out, 0);
    return out;
  }
  put32(out, seq_);
  put32(out, ack_);
  const auto words = tcp_header_words_.value_or(static_cast<uint8_t>(5 + tcp_options_.size() / 4));
  out.push_back(static_cast<uint8_t>(words << 4));
  out.push_back(tcp_flags_);
  put16(out, 64240);
  put16(out, 0);  // the checksum follows
  put16(out, urgent_);
  put(out, tcp_options_);
  return out;
}

Bytes Frame::pseudo_header(size_t l4_size) const {
  Bytes out = source_;
  put(out, destination_);
  put32(out, static_cast<uint32_t>(l4_size));
  put32(out, transport_number());
  return out;
}

void Frame::finish_checksum(Bytes& l4) const {
  if (transport_ == Transport::None || l4_sum_ == Sum::None) return;
  const size_t at = transport_ == Transport::Tcp ? 16 : transport_ == Transport::Udp ? 6 : 2;
  const bool with_pseudo_header = transport_ != Transport::Icmp || v6();
  Bytes covered = with_pseudo_header ? pseudo_header(l4.size()) : Bytes();
  if (l4_sum_ == Sum::Unfinished) return set16(l4, at, sum_of(covered));
  put(covered, l4);
  uint16_t sum = plain_checksum(covered);
  if (l4_sum_ == Sum::Wrong) sum = static_cast<uint16_t>(sum ^ 0x5a5a);
  if (transport_ == Transport::Udp && sum == 0) sum = 0xffff;
  set16(l4, at, sum);
}

Bytes Frame::ipv4_header(size_t l4_size) const {
  const size_t size = 20 + ip_options_.size();
  const auto words = ip_header_words_.value_or(static_cast<uint8_t>(size / 4));
  Bytes out = {static_cast<uint8_t>(0x40 | words), 0};
  put16(out, ip_length_.value_or(static_cast<uint16_t>(size + l4_size)));
  put16(out, fragment_id_);
  put16(out, fragment_);
  out.push_back(ttl_);
  out.push_back(transport_number());
  put16(out, 0);
  put(out, source_);
  put(out, destination_);
  put(out, ip_options_);
  set16(out, 10, plain_checksum(out) ^ (ip_sum_ == Sum::Wrong ? 0x5a5a : 0));
  return out;
}

Bytes Frame::ipv6_headers(size_t l4_size) const {
  Bytes chain;
  for (size_t at = 0; at < extensions_.size(); ++at) {
    const Extension& extension = extensions_[at];
    chain.push_back(at + 1 < extensions_.size() ? extensions_[at + 1].type : transport_number());
    const size_t eights = (extension.body.size() + 2) / 8 - 1;
    chain.push_back(extension.type == kFragmentHeader ? 0 : static_cast<uint8_t>(eights));
    put(chain, extension.body);
  }
  Bytes out = {0x60, 0, 0, 0};
  put16(out, ip_length_.value_or(static_cast<uint16_t>(chain.size() + l4_size)));
  out.push_back(extensions_.empty() ? transport_number() : extensions_.front().type);
  out.push_back(ttl_);
  put(out, source_);
  put(out, destination_);
  put(out, chain);
  return out;
}

Bytes Frame::build() const {
  Bytes out(to_.begin(), to_.end());
  put(out, Bytes(from_.begin(), from_.end()));
  for (const Tag& tag : tags_) {
    put16(out, tag.tpid);
    put16(out, tag.control);
  }
  const bool has_ip = !source_.empty();
  put16(out, ethertype_.value_or(v6() ? 0x86dd : 0x0800));
  Bytes l4 = transport_header();
  put(l4, payload_);
  finish_checksum(l4);
  if (has_ip) put(out, v6() ? ipv6_headers(l4.size()) : ipv4_header(l4.size()));
  put(out, l4);
  if (out.size() < pad_to_) out.resize(pad_to_);
  return out;
}

std::vector<Bytes> fragments_of(const Bytes& frame, size_t l3_offset, std::vector<size_t> cuts, uint32_t id) {
  const bool v4 = frame[l3_offset] >> 4 == 4;
  size_t next_at = l3_offset + 6, carried_at = l3_offset + (v4 ? (frame[l3_offset] & 15u) * 4 : 40);
  if (!v4 && frame[next_at] == 0) {
    next_at = carried_at;
    carried_at += 8 + frame[carried_at + 1] * 8u;
  }
  const size_t length =
      static_cast<size_t>(frame[l3_offset + (v4 ? 2 : 4)] << 8 | frame[l3_offset + (v4 ? 3 : 5)]);
  const size_t size = l3_offset + (v4 ? 0 : 40) + length - carried_at;
  std::erase_if(cuts, [size](size_t cut) { return cut >= size; });
  cuts.push_back(size);
  std::vector<Bytes> out;
  size_t begin = 0;
  for (const size_t end : cuts) {
    const auto place = static_cast<uint32_t>(begin | (end < size ? 1 : 0));
    Bytes made(frame.begin(), frame.begin() + static_cast<ptrdiff_t>(carried_at));
    if (!v4) {
      made[next_at] = kFragmentHeader;
      put(made, {frame[next_at], 0});
      put16(made, place);
      put32(made, id);
    }
    made.insert(made.end(), frame.begin() + static_cast<ptrdiff_t>(carried_at + begin),
                frame.begin() + static_cast<ptrdiff_t>(carried_at + end));
    const size_t ip_size = made.size() - l3_offset;
    if (!v4) set16(made, l3_offset + 4, static_cast<uint32_t>(ip_size - 40));
    if (v4) {
      set16(made, l3_offset + 2, static_cast<uint32_t>(ip_size));
      set16(made, l3_offset + 4, id);
      set16(made, l3_offset + 6, place / 8 | (end < size ? 0x2000u : 0));
      set16(made, l3_offset + 10, 0);
      set16(made, l3_offset + 10,
            plain_checksum(Bytes(made.begin() + static_cast<ptrdiff_t>(l3_offset),
                                 made.begin() + static_cast<ptrdiff_t>(carried_at))));
    }
    out.push_back(made);
    begin = end;
  }
  return out;
}

}  // namespace sluice::test
