// control/cli: texts that fit the terminal, or a pipe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "control/cli/terminal.h"

namespace sluice::control {

/// How many columns a text takes on a terminal.
[[nodiscard]] size_t width_of(std::string_view text);
/// text in at most width columns, its middle left out for `…` where it is longer; kNoWidth: as it is.
[[nodiscard]] std::string shortened(std::string_view text, size_t width);
/// text in lines of at most width columns, broken at blanks. It begins, as something stands before it, in
/// column indent, and so do its other lines.
[[nodiscard]] std::string wrapped(std::string_view text, size_t width, size_t indent);
/// `1 access`, `2,000 accesses`.
[[nodiscard]] std::string accesses_text(uint64_t count);
/// `2026-11-23 04:05` of a time in UTC; `never` for 0.
[[nodiscard]] std::string minute_text(int64_t time_ns);

struct TableColumn {
  std::string head;
  unsigned spare = 0;  ///< those with the greatest are left out first where a row does not fit; 0: never
};
/// Rows with a head, numbers to the right; the last column, to the left, is shortened where it must be.
[[nodiscard]] std::string table_text(const std::vector<TableColumn>& columns,
                                     const std::vector<std::vector<std::string>>& rows, size_t width);

}  // namespace sluice::control
