// control/policy: how large a regular expression becomes when its counted repeats are written out.
#pragma once

#include <cstddef>
#include <string_view>

namespace sluice::control {

inline constexpr size_t kMaxPatternSize = 1000;  ///< characters of one, written out: see README, Decisions

/// About how many characters the expression has once each `{n}` and `{n,m}` is written out. Never too few for
/// one that Hyperscan takes; at most a little over kMaxPatternSize is counted. Reads any bytes.
size_t written_out_size(std::string_view expression);

}  // namespace sluice::control
