// decode: big-endian numbers of headers, where they are known to lie.
#pragma once

#include <cstdint>
#include <cstring>

namespace sluice {

inline uint16_t get16(const uint8_t* at) {
  uint16_t value;
  std::memcpy(&value, at, sizeof value);
  return __builtin_bswap16(value);
}
inline uint32_t get32(const uint8_t* at) {
  uint32_t value;
  std::memcpy(&value, at, sizeof value);
  return __builtin_bswap32(value);
}

}  // namespace sluice
