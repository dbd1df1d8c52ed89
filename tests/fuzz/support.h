// tests: what the fuzz targets of resumable readers share.
#pragma once

#include <cstdlib>

#include "tests/support/feed.h"

namespace sluice::test {

/// Aborts where a stream does not give the same events in one piece and in pieces whose sizes seed chooses.
template <class Reader>
void expect_same_in_pieces(std::span<const uint8_t> stream, uint32_t seed) {
  const auto whole = feed_whole<Reader>(stream);
  Reader reader{};
  const auto pieces = feed_pieces(reader, stream, [&seed](size_t left) {
    seed = seed * 1664525 + 1013904223;
    const size_t most = seed & 0x80000000 ? 4 : 200;
    return std::min<size_t>(left, 1 + (seed >> 8) % most);
  });
  if (pieces != whole || feed_by<Reader>(stream, 1) != whole) std::abort();
}

/// The input's first four bytes, which choose the cuts; the rest is the stream.
inline uint32_t take_seed(std::span<const uint8_t>& input) {
  uint32_t seed = 0;
  const size_t size = std::min<size_t>(input.size(), sizeof seed);
  if (size > 0) std::memcpy(&seed, input.data(), size);
  input = input.subspan(size);
  return seed;
}

}  // namespace sluice::test
