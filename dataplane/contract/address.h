// contract: one shape for IPv4 and IPv6 addresses.
#pragma once

#include <array>
#include <bit>
#include <compare>
#include <cstdint>
#include <cstring>

namespace sluice {

/// An Address in two registers: its bytes 0 to 8 and 8 to 16, as they lie in memory.
struct AddressWords {
  uint64_t first, second;

  static constexpr uint32_t kMappedMark = 0xffff0000;  ///< bytes 8 to 12 of a mapped IPv4 address
  /// four: the address' bytes, as they lie in memory.
  static AddressWords from_v4(uint32_t four) { return {0, uint64_t{four} << 32 | kMappedMark}; }
  static AddressWords from_v6(const uint8_t* sixteen) {
    AddressWords out;
    std::memcpy(&out, sixteen, sizeof out);
    return out;
  }
  /// at: 0 or 8.
  uint64_t word(size_t at) const { return at == 0 ? first : second; }
};
static_assert(std::endian::native == std::endian::little);

/// The two addresses of an IPv4 packet, each as it lies in memory: one register.
struct Ipv4Pair {
  uint64_t words;

  static Ipv4Pair at(const uint8_t* eight) {
    Ipv4Pair out;
    std::memcpy(&out, eight, sizeof out);
    return out;
  }
  AddressWords first() const { return AddressWords::from_v4(static_cast<uint32_t>(words)); }
  AddressWords second() const { return AddressWords::from_v4(static_cast<uint32_t>(words >> 32)); }
  Ipv4Pair turned() const { return {std::rotl(words, 32)}; }
};

/// Those of any packet.
struct AddressPair {
  AddressWords one, two;

  AddressWords first() const { return one; }
  AddressWords second() const { return two; }
  AddressPair turned() const { return {two, one}; }
};

/// An IPv6 address in network byte order; an IPv4 address is its mapped form ::ffff:a.b.c.d (RFC
/// 4291 2.5.5.2).
struct Address {
  std::array<uint8_t, 16> bytes{};

  auto operator<=>(const Address&) const = default;
  /// In two comparisons; memcmp would be called for it.
  bool operator==(const Address& other) const {
    return ((word(0) ^ other.word(0)) | (word(8) ^ other.word(8))) == 0;
  }

  static Address from_v4(const uint8_t* four) {
    uint32_t value;
    std::memcpy(&value, four, sizeof value);
    return from_words(AddressWords::from_v4(value));
  }
  static Address from_words(const AddressWords& words) {
    // Written at once: what is read whole soon after would wait for two stores to end.
    using Pair = uint64_t __attribute__((vector_size(16)));
    const Pair pair{words.first, words.second};
    Address out;
    std::memcpy(out.bytes.data(), &pair, sizeof pair);
    return out;
  }
  static Address from_v6(const uint8_t* sixteen) {
    Address out;
    std::memcpy(out.bytes.data(), sixteen, 16);
    return out;
  }
  bool is_v4() const { return word(0) == 0 && static_cast<uint32_t>(word(8)) == AddressWords::kMappedMark; }
  /// Bytes at to at + 8, as they lie in memory.
  uint64_t word(size_t at) const {
    uint64_t value;
    std::memcpy(&value, bytes.data() + at, sizeof value);
    return value;
  }
  AddressWords words() const { return {word(0), word(8)}; }
  /// The two halves in host byte order, so that plain comparison orders addresses.
  uint64_t high() const { return __builtin_bswap64(word(0)); }
  uint64_t low() const { return __builtin_bswap64(word(8)); }
};
static_assert(sizeof(Address) == 16);

}  // namespace sluice
