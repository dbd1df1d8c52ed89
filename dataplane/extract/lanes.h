// extract: looking for bytes, sixteen at once. This room's own.
#pragma once

#include <emmintrin.h>

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

}  // namespace sluice
