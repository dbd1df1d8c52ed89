// control/cli: rows of a label and what is to be said, on a terminal of any width.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace sluice::control {

inline constexpr size_t kLabelColumns = 13;  ///< of a row; where it goes on it begins behind so many blanks

/// The rows of text, those that are longer broken at blanks behind their label; colours take no column.
/// columns: kNoWidth for as it is. A word that is longer than a row stays whole.
[[nodiscard]] std::string fitted_rows(std::string_view text, size_t columns);

}  // namespace sluice::control
