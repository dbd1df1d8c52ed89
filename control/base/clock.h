// control/base: what time it is.
#pragma once

#include <chrono>
#include <cstdint>

namespace sluice::control {

/// Nanoseconds since 1970, UTC.
[[nodiscard]] inline int64_t utc_now_ns() {
  using namespace std::chrono;
  return duration_cast<nanoseconds>(system_clock::now().time_since_epoch()).count();
}

/// The same in whole seconds.
[[nodiscard]] inline std::chrono::sys_seconds utc_now() {
  return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
}

}  // namespace sluice::control
