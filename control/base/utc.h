// control/base: instants as text.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::control {

/// Appends `2026-11-23T04:05:06.123456Z`, for any time_ns since 1970.
void append_utc(std::string& out, int64_t time_ns);
/// The same as a string.
[[nodiscard]] std::string utc_text(int64_t time_ns);
/// The inverse, to the microsecond; nothing where text is not what append_utc writes, or beyond 2261.
[[nodiscard]] std::optional<int64_t> parse_utc(std::string_view text);

}  // namespace sluice::control
