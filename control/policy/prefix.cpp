// control/policy: addresses and prefixes as text.
#include "control/policy/prefix.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace sluice::control {
namespace {

/// address with the bits beyond length set to ones or zeros.
Address fill(Address address, uint8_t length, bool ones) {
  for (size_t i = 0; i < address.bytes.size(); ++i) {
    const int kept = std::clamp(int{length} - static_cast<int>(i) * 8, 0, 8);
    const auto mask = static_cast<uint8_t>(0xff >> kept);
    uint8_t& byte = address.bytes[i];
    byte = ones ? byte | mask : byte & static_cast<uint8_t>(~mask);
  }
  return address;
}

bool parse_length(std::string_view text, uint8_t limit, uint8_t& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc{} && end == text.data() + text.size() && out <= limit &&
         (text.size() == 1 || text[0] != '0');
}

}  // namespace

bool parse_address(std::string_view text, Address& out) {
  std::array<char, INET6_ADDRSTRLEN + 1> copy{};
  if (text.empty() || text.size() >= copy.size() || text.find('\0') != text.npos) return false;
  std::copy(text.begin(), text.end(), copy.begin());
  std::array<uint8_t, 16> bytes{};
  if (inet_pton(AF_INET, copy.data(), bytes.data()) == 1) {
    out = Address::from_v4(bytes.data());
    return true;
  }
  if (inet_pton(AF_INET6, copy.data(), bytes.data()) == 1) {
    out = Address::from_v6(bytes.data());
    return true;
  }
  return false;
}

PrefixError parse_prefix(std::string_view text, Prefix& out) {
  const size_t slash = text.find('/');
  const std::string_view address = text.substr(0, slash);
  if (!parse_address(address, out.address)) return PrefixError::NotAnAddress;
  const bool v4 = address.find(':') == address.npos;
  out.length = 128;
  if (slash != text.npos) {
    uint8_t length = 0;
    if (!parse_length(text.substr(slash + 1), v4 ? 32 : 128, length)) return PrefixError::BadLength;
    out.length = v4 ? static_cast<uint8_t>(length + kV4Offset) : length;
  }
  if (!v4 && out.length >= kV4Offset && out.address.is_v4()) return PrefixError::Mapped;
  const Address clean = fill(out.address, out.length, false);
  if (clean == out.address) return PrefixError::None;
  out.address = clean;
  return PrefixError::HostBits;
}

std::string to_string(const Prefix& prefix) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const bool v4 = is_v4(prefix);
  inet_ntop(v4 ? AF_INET : AF_INET6, prefix.address.bytes.data() + (v4 ? 12 : 0), text.data(), text.size());
  if (prefix.length == 128) return text.data();
  return std::string(text.data()) + '/' + std::to_string(v4 ? prefix.length - kV4Offset : prefix.length);
}

bool is_v4(const Prefix& prefix) {
  return prefix.length >= kV4Offset && prefix.address.is_v4();
}

bool contains(const Prefix& outer, const Address& address) {
  // An IPv6 prefix that spans the mapped block does not speak of IPv4.
  return fill(address, outer.length, false) == outer.address && is_v4(outer) == address.is_v4();
}

Address last_of(const Prefix& prefix) {
  return fill(prefix.address, prefix.length, true);
}

std::span<const std::string_view> private_blocks() {
  static constexpr std::string_view kBlocks[] = {"10.0.0.0/8",    "172.16.0.0/12",  "192.168.0.0/16",
                                                 "100.64.0.0/10", "169.254.0.0/16", "127.0.0.0/8",
                                                 "fc00::/7",      "fe80::/10",      "::1/128"};
  return kBlocks;
}

bool is_private(const Prefix& prefix) {
  for (const std::string_view text : private_blocks()) {
    Prefix block;
    parse_prefix(text, block);
    if (block.length <= prefix.length && contains(block, prefix.address)) return true;
  }
  return false;
}

}  // namespace sluice::control
