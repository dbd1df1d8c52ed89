// contract: one shape for IPv4 and IPv6 addresses.
#pragma once

#include <array>
#include <bit>
#include <compare>
#include <cstdint>
#include <cstring>

namespace sluice {

/// An IPv6 address in network byte order; an IPv4 address is its mapped form ::ffff:a.b.c.d (RFC
/// 4291 2.5.5.2).
struct Address {
  std::array<uint8_t, 16> bytes{};

  auto operator<=>(const Address&) const = default;

  static Address from_v4(const uint8_t* four) {
    Address out;
    out.bytes[10] = out.bytes[11] = 0xff;
    std::memcpy(out.bytes.data() + 12, four, 4);
    return out;
  }
  static Address from_v6(const uint8_t* sixteen) {
    Address out;
    std::memcpy(out.bytes.data(), sixteen, 16);
    return out;
  }
  bool is_v4() const {
    static constexpr uint8_t kMapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    return std::memcmp(bytes.data(), kMapped, sizeof kMapped) == 0;
  }
  /// The two halves in host byte order, so that plain comparison orders addresses.
  uint64_t high() const { return half(0); }
  uint64_t low() const { return half(8); }

 private:
  uint64_t half(size_t at) const {
    uint64_t value;
    std::memcpy(&value, bytes.data() + at, 8);
    return __builtin_bswap64(value);
  }
};
static_assert(sizeof(Address) == 16);

}  // namespace sluice
