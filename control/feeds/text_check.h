// control/feeds: whether what was fetched is a list.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "control/policy/policy_source.h"

namespace sluice::control {

struct TextCheck {
  uint64_t entries = 0;
  std::string problem;  ///< why it cannot be a list; empty where it is one
};

/// Reads a file with the reader that reads list files. A page, a text without a right line and one without an
/// entry are no list.
[[nodiscard]] TextCheck check_text(const std::filesystem::path& path, ListFormat format);

/// Whether so many entries instead of so many are a change by more than percent of these.
[[nodiscard]] constexpr bool differs_by_more(uint64_t now, uint64_t before, uint32_t percent) {
  const uint64_t change = now > before ? now - before : before - now;
  return change * 100 > before * percent;
}

}  // namespace sluice::control
