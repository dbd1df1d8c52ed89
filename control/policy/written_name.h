// control/policy: host names as people write them: in their own letters, and with stars in them.
#pragma once

#include <string>
#include <string_view>

#include "control/policy/host_name.h"

namespace sluice::control {

inline constexpr size_t kMaxStars = 4;  ///< within one name: each makes Hyperscan's automaton larger

struct WrittenName {
  NameError error = NameError::None;
  NameScope scope = NameScope::Both;
  std::string name;     ///< canonical: A-labels; empty where there are stars
  std::string pattern;  ///< with stars within: the expression that matches the same names
  std::string_view
      reason;  ///< with NotAscii: what is wrong with it; without an error: why no A-label is this
};

/// Reads `name`, `=name` or `*.name`. What is not ASCII becomes A-labels (UTS #46, non-transitional). A star
/// elsewhere stands for one or more characters, dots too, and makes the name a pattern.
WrittenName read_written_name(std::string_view text);

/// The same for a name whose scope is said otherwise.
WrittenName read_bare_written_name(std::string_view text, NameScope scope);

}  // namespace sluice::control
