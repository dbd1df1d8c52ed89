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

/// The lane that begins with the bytes from at on, of which only left are there; those behind them are zeros.
/// A copy of a few bytes would have to be waited for before it could be read whole.
[[nodiscard]] inline __m128i load_lane(const uint8_t* at, size_t left) {
  if (left >= kLane) return _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
  const auto load = [at]<class Word>(Word value, size_t from) {
    std::memcpy(&value, at + from, sizeof value);
    return uint64_t{value};
  };
  if (left > 8) {
    const uint64_t last = load(uint64_t{}, left - 8) >> 8 * (kLane - left);
    return _mm_set_epi64x(static_cast<int64_t>(last), static_cast<int64_t>(load(uint64_t{}, 0)));
  }
  uint64_t word = 0;
  if (left >= 4) {
    word = load(uint32_t{}, 0) | load(uint32_t{}, left - 4) << 8 * (left - 4);
  } else if (left > 0) {
    word = load(uint8_t{}, 0) | load(uint8_t{}, left / 2) << 8 * (left / 2) |
           load(uint8_t{}, left - 1) << 8 * (left - 1);
  }
  return _mm_cvtsi64_si128(static_cast<int64_t>(word));
}

/// How many bytes stand before the first one that is wanted. wanted: takes a lane, and gives 0xff for each of
/// its bytes that is.
template <class Wanted>
[[nodiscard]] inline size_t bytes_before(std::span<const uint8_t> bytes, Wanted wanted) {
  const auto found = [&](__m128i lane) { return static_cast<uint32_t>(_mm_movemask_epi8(wanted(lane))); };
  const auto first = [](uint32_t mask) { return static_cast<size_t>(std::countr_zero(mask)); };
  if (bytes.size() < kLane) return first(found(load_lane(bytes.data(), bytes.size())) | 1U << bytes.size());
  const auto lane = [&](size_t at) {
    return found(_mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes.data() + at)));
  };
  const size_t last = bytes.size() - kLane;
  for (size_t at = 0; at < last; at += kLane)
    if (const uint32_t some = lane(at)) return at + first(some);
  return last + first(lane(last) | 1U << kLane);  // it begins among what was looked at
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
