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
  __m128i even = _mm_setzero_si128(), odd = _mm_setzero_si128();
  const auto pair = [](const uint8_t* from) {
    return _mm_cvtepu32_epi64(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(from)));
  };
  for (; left >= kTurn; at += kTurn, left -= kTurn) {
    even = _mm_add_epi64(_mm_add_epi64(even, pair(at)), pair(at + 16));
    odd = _mm_add_epi64(_mm_add_epi64(odd, pair(at + 8)), pair(at + 24));
  }
  const __m128i both = _mm_add_epi64(even, odd);
  auto sum = static_cast<uint64_t>(_mm_cvtsi128_si64(both)) +
             static_cast<uint64_t>(_mm_cvtsi128_si64(_mm_unpackhi_epi64(both, both)));
  uint32_t word = 0;
  for (; left >= sizeof word; at += sizeof word, left -= sizeof word) {
    std::memcpy(&word, at, sizeof word);
    sum += word;
  }
  word = 0;
  if (left != 0) std::memcpy(&word, at, left);
  return sum + word;
}

uint16_t checksum_fold(std::span<const uint8_t> data, uint32_t sum) {
  return fold(uint64_t{__builtin_bswap16(fold(sum_of_words(data)))} + sum);
}

uint16_t pseudo_header_sum(const Packet& packet, uint32_t l4_size) {
  return __builtin_bswap16(fold(pseudo_header_words(packet, l4_size)));
}

}  // namespace sluice
