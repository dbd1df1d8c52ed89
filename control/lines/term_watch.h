// control/lines: warns of a line's term that ends.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "control/policy/policy_terms.h"

namespace sluice::control {

inline constexpr int64_t kDayS = 86'400;
/// From so long before a term's end people are told of it: a contract and its filing take weeks to renew.
inline constexpr int64_t kTermWarnS = 60 * kDayS;

/// Whole days until the end: 0 on the last day, below 0 after it. term: one that ends.
[[nodiscard]] int64_t days_left(const LineTerm& term, int64_t utc_s);

/// What is to be said once a day. Belongs to the daemon's loop.
class TermWatch {
 public:
  /// A sentence for each line whose term is near its end, or over; nothing within a day of the last time they
  /// were said, but for terms that are others than then.
  [[nodiscard]] std::vector<std::string> due(const PolicyTerms& terms, int64_t utc_s);

 private:
  std::optional<int64_t> said_s_;
  std::vector<LineTerm> said_;
};

}  // namespace sluice::control
