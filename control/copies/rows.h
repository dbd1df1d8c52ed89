// control/copies: lines of the log as rows of ClickHouse's table.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::control {

/// The columns that append_row fills, in its order, as an INSERT names them: `time, microsecond, …`.
[[nodiscard]] const std::string& row_columns();

/// Appends a row in ClickHouse's format TabSeparated. line: without line feed, any bytes. else_ns: the time
/// of a line that says none. What a line does not say is empty or 0; a line that is no JSON object, or has no
/// event.id, has its SHA-256 as its id, so that it too stands there once. Returns false for such a line.
bool append_row(std::string& out, std::string_view line, int64_t else_ns);

}  // namespace sluice::control
