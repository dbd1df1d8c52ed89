// control/policy: rules that never decide, as one before them covers them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "control/policy/image_writer.h"

namespace sluice::control {

/// With more rules than this none is said to be covered: the analysis would take longer than compiling.
inline constexpr size_t kMaxCoverRules = 2048;
/// Words of bits that the analysis may combine; beyond it none is said to be covered.
inline constexpr uint64_t kMaxCoverWork = uint64_t{1} << 28;

/// A rule, by its index in the image, and the first one before it that takes all that it could take.
struct CoveredIndex {
  uint16_t rule, by;
};

/// Every rule, or exception, whose accesses are all decided by one rule before it, whatever the names,
/// addresses and times. One that is left out may be covered all the same: by several rules together, or by
/// patterns of other lists. An observing rule covers nothing, as it goes on. tables: laid out, final.
[[nodiscard]] std::vector<CoveredIndex> find_covered(const ImageTables& tables);

}  // namespace sluice::control
