// control/search: split-block Bloom filters, as the Parquet format has them.
#include "control/search/filter.h"

#include <xxhash.h>

#include <algorithm>

namespace sluice::control {
namespace {

constexpr size_t kWords = kFilterBlock / sizeof(uint32_t);
/// Odd numbers, of the Parquet format's specification; each picks another bit of a word.
constexpr uint32_t kSalt[kWords] = {0x47b6137b, 0x44974d91, 0x8824ad5b, 0xa2b7289d,
                                    0x705495c7, 0x2df1424b, 0x9efc4947, 0x5c6bfb31};

size_t first_word(size_t words, uint64_t key) {
  return ((key >> 32) * (words / kWords) >> 32) * kWords;
}

uint32_t bit(size_t word, uint64_t key) {
  return uint32_t{1} << (static_cast<uint32_t>(key) * kSalt[word] >> 27);
}

}  // namespace

uint64_t key_of(KeyKind kind, std::string_view text) {
  return XXH3_64bits_withSeed(text.data(), text.size(), static_cast<uint64_t>(kind));
}

std::vector<uint32_t> make_filter(std::span<const uint64_t> keys) {
  const size_t blocks =
      std::max<size_t>(1, (keys.size() * kFilterBits + 8 * kFilterBlock - 1) / (8 * kFilterBlock));
  std::vector<uint32_t> out(blocks * kWords);
  for (const uint64_t key : keys) {
    uint32_t* const block = out.data() + first_word(out.size(), key);
    for (size_t i = 0; i < kWords; ++i) {
      block[i] |= bit(i, key);
    }
  }
  return out;
}

bool filter_has(std::span<const uint32_t> filter, uint64_t key) {
  const uint32_t* const block = filter.data() + first_word(filter.size(), key);
  for (size_t i = 0; i < kWords; ++i) {
    if ((block[i] & bit(i, key)) == 0) {
      return false;
    }
  }
  return true;
}

}  // namespace sluice::control
