// control/base: numbers as people read them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <iterator>
#include <string>

namespace sluice::control {

/// 1234567 as `1,234,567`.
[[nodiscard]] inline std::string grouped(uint64_t number) {
  std::string out = std::to_string(number);
  for (size_t at = out.size(); at > 3;) {
    at -= 3;
    out.insert(at, 1, ',');
  }
  return out;
}

/// 1234567 bytes as `1.2 MB`.
[[nodiscard]] inline std::string bytes_text(uint64_t bytes) {
  constexpr double kStep = 1000;
  constexpr const char* kUnits[] = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
  auto value = static_cast<double>(bytes);
  size_t unit = 0;
  while (value >= kStep - 0.5 && unit + 1 < std::size(kUnits)) {
    value /= kStep;
    ++unit;
  }
  char out[32];
  std::snprintf(out, sizeof out, unit == 0 || value >= 99.5 ? "%.0f %s" : "%.1f %s", value, kUnits[unit]);
  return out;
}

}  // namespace sluice::control
