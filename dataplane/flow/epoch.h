// flow: how often what judges has changed.
#pragma once

#include <cstdint>

namespace sluice {

/// Counts policies, and the times at which one of them came to mean something else: 1 to kEpochs, over and
/// over. kNoEpoch is none of them: whoever sweeps the flows gives it to what is behind, long before the
/// numbers come round again.
using Epoch = uint16_t;
inline constexpr unsigned kEpochBits = 14;
inline constexpr Epoch kNoEpoch = 0, kEpochs = (1U << kEpochBits) - 1;
constexpr Epoch after(Epoch epoch) {
  return static_cast<Epoch>(epoch % kEpochs + 1);
}

}  // namespace sluice
