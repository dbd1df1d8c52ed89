// extract: reading integers off the front of QUIC's bytes. Each returns false where the bytes end before it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace sluice {

inline bool skip(std::span<const uint8_t>& bytes, uint64_t count) {
  if (count > bytes.size()) return false;
  bytes = bytes.subspan(static_cast<size_t>(count));
  return true;
}

inline bool take(std::span<const uint8_t>& bytes, uint64_t count, std::span<const uint8_t>& out) {
  if (count > bytes.size()) return false;
  out = bytes.first(static_cast<size_t>(count));
  bytes = bytes.subspan(static_cast<size_t>(count));
  return true;
}

/// An integer of size bytes in network byte order.
inline bool take_number(std::span<const uint8_t>& bytes, size_t size, uint64_t& value) {
  if (bytes.size() < size) return false;
  value = 0;
  for (const uint8_t byte : bytes.first(size)) value = value << 8 | byte;
  bytes = bytes.subspan(size);
  return true;
}

/// A variable-length integer (RFC 9000 16).
inline bool take_varint(std::span<const uint8_t>& bytes, uint64_t& value) {
  if (bytes.empty()) return false;
  const unsigned power = bytes[0] >> 6;
  if (!take_number(bytes, size_t{1} << power, value)) return false;
  constexpr uint64_t kValues[] = {0x3f, 0x3fff, 0x3fff'ffff, 0x3fff'ffff'ffff'ffff};
  value &= kValues[power];
  return true;
}

}  // namespace sluice
