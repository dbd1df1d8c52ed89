// act: the Internet checksum, in software.
#include "dataplane/act/checksum.h"

#include <smmintrin.h>

#include <bit>
#include <cstring>

namespace sluice {
namespace {

/// Sums of words to 16 bits in host byte order; only of nothing but zeros it is 0.
uint16_t fold(uint64_t sum) {
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<uint16_t>(sum);
}

}  // namespace

uint64_t sum_of_words(std::span<const uint8_t> data) {
  static_assert(std::endian::native == std::endian::little);
  constexpr size_t kTurn = 32;  ///< bytes; four pairs of words, each added to a 64-bit lane
  const uint8_t* at = data.data();
  size_t left = data.size();
  uint64_t sum = 0;
  if (left >= kTurn) {
    __m128i even = _mm_setzero_si128(), odd = _mm_setzero_si128();
    const auto pair = [](const uint8_t* from) {
      return _mm_cvtepu32_epi64(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(from)));
    };
    for (; left >= kTurn; at += kTurn, left -= kTurn) {
      even = _mm_add_epi64(_mm_add_epi64(even, pair(at)), pair(at + 16));
      odd = _mm_add_epi64(_mm_add_epi64(odd, pair(at + 8)), pair(at + 24));
    }
    const __m128i both = _mm_add_epi64(even, odd);
    sum = static_cast<uint64_t>(_mm_cvtsi128_si64(both)) +
          static_cast<uint64_t>(_mm_cvtsi128_si64(_mm_unpackhi_epi64(both, both)));
  }
  const auto word = [&](size_t from) {
    uint32_t value;
    std::memcpy(&value, at + from, sizeof value);
    return uint64_t{value};
  };
  if (left & 16) sum += word(0) + word(4) + word(8) + word(12), at += 16;
  if (left & 8) sum += word(0) + word(4), at += 8;
  if (left & 4) sum += word(0), at += 4;
  uint32_t cut = 0;
  if (left & 2) cut = uint32_t{at[0]} | uint32_t{at[1]} << 8, at += 2;
  if (left & 1) cut |= uint32_t{at[0]} << (left & 2 ? 16 : 0);
  return sum + cut;
}

uint16_t checksum_fold(std::span<const uint8_t> data, uint32_t sum) {
  return fold(uint64_t{__builtin_bswap16(fold(sum_of_words(data)))} + sum);
}

uint16_t pseudo_header_sum(const Packet& packet, uint32_t l4_size) {
  return __builtin_bswap16(fold(pseudo_header_words(packet, l4_size)));
}

}  // namespace sluice
