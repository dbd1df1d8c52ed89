// policy: the tags of a bucket, compared at once. The flow table's buckets are of the same form.
#pragma once

#include <emmintrin.h>

#include <cstdint>

namespace sluice {

/// Bit i is set where tags[i] is tag. tags: aligned to 16 bytes.
inline uint32_t tags_equal(const uint32_t (&tags)[8], uint32_t tag) {
  const __m128i wanted = _mm_set1_epi32(static_cast<int>(tag));
  const auto* at = reinterpret_cast<const __m128i*>(tags);
  const __m128i low = _mm_cmpeq_epi32(_mm_load_si128(at), wanted);
  const __m128i high = _mm_cmpeq_epi32(_mm_load_si128(at + 1), wanted);
  return static_cast<uint32_t>(_mm_movemask_ps(_mm_castsi128_ps(low)) |
                               _mm_movemask_ps(_mm_castsi128_ps(high)) << 4);
}

}  // namespace sluice
