// replay: tells which side of the gateway a captured packet came from.
#include "dataplane/replay/sides.h"

#include <arpa/inet.h>
#include <xxhash.h>

#include <algorithm>
#include <charconv>
#include <string>
#include <tuple>

#include "dataplane/decode/link_control.h"

namespace sluice::replay {
namespace {

constexpr uint16_t kFirstFreePort = 1024;

bool has_ports(const Packet& packet) {
  return packet.source_port != 0 || packet.destination_port != 0;
}

}  // namespace

bool LanPrefix::covers(const Address& other) const {
  const size_t whole = length / 8, rest = length % 8;
  if (!std::equal(other.bytes.begin(), other.bytes.begin() + whole, address.bytes.begin())) return false;
  return rest == 0 || (other.bytes[whole] ^ address.bytes[whole]) >> (8 - rest) == 0;
}

std::optional<LanPrefix> parse_lan(std::string_view text) {
  const size_t slash = text.find('/');
  const std::string address(text.substr(0, slash));
  LanPrefix out;
  uint8_t raw[16];
  const bool v4 = inet_pton(AF_INET, address.c_str(), raw) == 1;
  if (!v4 && inet_pton(AF_INET6, address.c_str(), raw) != 1) return {};
  out.address = v4 ? Address::from_v4(raw) : Address::from_v6(raw);
  const unsigned longest = v4 ? 32 : 128;
  unsigned length = longest;
  if (slash != std::string_view::npos) {
    const auto digits = text.substr(slash + 1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), length);
    if (error != std::errc() || end != digits.data() + digits.size() || length > longest) return {};
  }
  out.length = static_cast<uint8_t>(128 - longest + length);
  return out;
}

size_t Sides::KeyHash::operator()(const Key& key) const {
  uint8_t bytes[37];
  std::copy(key.low.bytes.begin(), key.low.bytes.end(), bytes);
  std::copy(key.high.bytes.begin(), key.high.bytes.end(), bytes + 16);
  for (size_t at = 0; at < 2; ++at) {
    bytes[32 + at] = static_cast<uint8_t>(key.low_port >> (8 * at));
    bytes[34 + at] = static_cast<uint8_t>(key.high_port >> (8 * at));
  }
  bytes[36] = key.transport;
  return XXH3_64bits(bytes, sizeof bytes);
}

Sides::Ends Sides::ends_of(const Packet& packet, bool pair_only) {
  const uint16_t source_port = pair_only ? 0 : packet.source_port;
  const uint16_t destination_port = pair_only ? 0 : packet.destination_port;
  const uint8_t transport = pair_only ? 0 : packet.transport;
  if (std::tie(packet.source, source_port) <= std::tie(packet.destination, destination_port)) {
    return {{packet.source, packet.destination, source_port, destination_port, transport}, true};
  }
  return {{packet.destination, packet.source, destination_port, source_port, transport}, false};
}

std::optional<bool> Sides::remembered(const Ends& ends) const {
  const auto found = client_is_low_.find(ends.key);
  if (found == client_is_low_.end()) return {};
  return found->second == ends.source_is_low;
}

void Sides::remember(const Ends& ends, bool source_is_client) {
  if (client_is_low_.size() >= kMaxRemembered) client_is_low_.clear();
  client_is_low_[ends.key] = source_is_client == ends.source_is_low;
}

bool Sides::guess_source_is_client(const Packet& packet, std::optional<bool> of_pair) const {
  const bool syn = packet.is_tcp() && (packet.tcp_flags & kSyn);
  if (syn) return !(packet.tcp_flags & kAck);
  if (has_ports(packet)) {
    const bool source_is_service = packet.source_port < kFirstFreePort;
    const bool destination_is_service = packet.destination_port < kFirstFreePort;
    if (source_is_service != destination_is_service) return destination_is_service;
  }
  return of_pair.value_or(true);
}

bool Sides::source_is_client(const Packet& packet) {
  const Ends pair = ends_of(packet, true);
  const auto of_pair = remembered(pair);
  if (!has_ports(packet)) {
    // A later fragment, ICMP, a tunnel: as what these two spoke before.
    if (!of_pair) remember(pair, true);
    return of_pair.value_or(true);
  }
  const Ends flow = ends_of(packet, false);
  const bool opens = packet.is_tcp() && (packet.tcp_flags & (kSyn | kAck)) == kSyn;
  if (const auto known = remembered(flow); known && !opens) return *known;
  const bool is_client = guess_source_is_client(packet, of_pair);
  remember(flow, is_client);
  if (!of_pair) remember(pair, is_client);
  return is_client;
}

Side Sides::side_of(const Packet& packet, std::span<const uint8_t> frame) {
  if (!lan_.empty()) {
    const auto covers = [&packet](const LanPrefix& prefix) { return prefix.covers(packet.source); };
    return std::any_of(lan_.begin(), lan_.end(), covers) ? Side::Lan : Side::Line;
  }
  if (is_icmp_error(packet) && packet.payload_offset < frame.size()) {
    // It goes to whoever sent what it quotes; any router on the way may have made it.
    const auto quote = frame.subspan(packet.payload_offset);
    const auto headers = quote.first(std::min(quote.size(), kMaxHeaderBytes));
    Packet quoted;
    const Decoded decoded = decode_ip(headers, static_cast<uint32_t>(quote.size()), true, quoted);
    if (decoded.kind == Decoded::Kind::Ip) return source_is_client(quoted) ? Side::Line : Side::Lan;
  }
  return source_is_client(packet) ? Side::Lan : Side::Line;
}

}  // namespace sluice::replay
