// control/base: instants as text.
#pragma once

#include <cstdint>
#include <string>

namespace sluice::control {

/// Appends `2026-11-23T04:05:06.123456Z`, for any time_ns since 1970.
void append_utc(std::string& out, int64_t time_ns);
/// The same as a string.
[[nodiscard]] std::string utc_text(int64_t time_ns);

}  // namespace sluice::control
