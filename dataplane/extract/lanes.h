// extract: looking for bytes, sixteen at once. This room's own.
#pragma once

#include <tmmintrin.h>

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <span>

namespace sluice {

inline constexpr size_t kLane = sizeof(__m128i);

/// How many bytes stand before the first one that is wanted. wanted: takes a lane, and gives 0xff for each of
/// its bytes that is.
template <class Wanted>
[[nodiscard]] inline size_t bytes_before(std::span<const uint8_t> bytes, Wanted wanted) {
  const auto found = [&](const uint8_t* at) {
    const __m128i lane = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    return static_cast<uint32_t>(_mm_movemask_epi8(wanted(lane)));
  };
  if (bytes.size() < kLane) {
    uint8_t copy[kLane];
    if (!bytes.empty()) std::memcpy(copy, bytes.data(), bytes.size());
    return static_cast<size_t>(std::countr_zero(found(copy) | 1U << bytes.size()));
  }
  size_t at = 0;
  for (const size_t last = bytes.size() - kLane; at < last; at += kLane)
    if (const uint32_t some = found(bytes.data() + at))
      return at + static_cast<size_t>(std::countr_zero(some));
  // The last lane begins among what was looked at.
  at = bytes.size() - kLane;
  return at + static_cast<size_t>(std::countr_zero(found(bytes.data() + at) | 1U << kLane));
}

/// A lane of one byte, to compare with.
inline __m128i lane_of(char byte) {
  return _mm_set1_epi8(byte);
}
inline __m128i lane_is(__m128i lane, char byte) {
  return _mm_cmpeq_epi8(lane, lane_of(byte));
}

/// A set of ASCII characters that a whole lane is asked by at once. Of each byte the low half picks a row,
/// whose bits are the high halves with which it is in the set.
struct LaneSet {
  alignas(kLane) std::array<uint8_t, kLane> rows{};

  explicit constexpr LaneSet(const std::array<bool, 256>& members) {
    for (unsigned byte = 0; byte < 0x80; ++byte)
      if (members[byte]) rows[byte & 0xf] = static_cast<uint8_t>(rows[byte & 0xf] | 1U << (byte >> 4));
  }
  /// 0xff for each byte of the lane that is not in the set.
  [[nodiscard]] __m128i others(__m128i lane) const {
    const __m128i bits = _mm_setr_epi8(1, 2, 4, 8, 16, 32, 64, -128, 0, 0, 0, 0, 0, 0, 0, 0);
    const __m128i highs = _mm_and_si128(_mm_srli_epi16(lane, 4), lane_of(0xf));
    const __m128i row = _mm_shuffle_epi8(_mm_load_si128(reinterpret_cast<const __m128i*>(rows.data())), lane);
    return lane_is(_mm_and_si128(row, _mm_shuffle_epi8(bits, highs)), 0);
  }
};

}  // namespace sluice
