// control/page: plots as inline SVG.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "control/page/html.h"

namespace sluice::control {

/// A part of a whole; shade: 1 to 5, of the page's style.
struct ChartShare {
  Html label;
  uint64_t value = 0;
  int shade = 1;
  Html shown;  ///< value, as people read it
};
/// One bar that is divided as values are, with a legend. Nothing where all are 0. title: for whoever hears
/// the page.
[[nodiscard]] Html share_chart(const Html& title, const std::vector<ChartShare>& shares);

/// A column, of which a part is marked.
struct ChartColumn {
  std::string label;               ///< may be empty; escaped here
  uint64_t value = 0, marked = 0;  ///< marked: at most value
};
/// Columns from left to right on a scale of round numbers.
[[nodiscard]] Html column_chart(const Html& title, const std::vector<ChartColumn>& columns);

}  // namespace sluice::control
