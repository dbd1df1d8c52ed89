// control/usage: who and what uses the line most.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "control/usage/domains.h"
#include "control/usage/tally.h"

namespace sluice::control {

enum class TopBy : uint8_t {
  Names,
  Clients,
  Rules,
  Networks
};
inline constexpr std::string_view kTopWords[] = {"names", "clients", "rules", "networks"};

struct TopOptions {
  static constexpr size_t kMaxLimit = 100'000;
  TopBy by = TopBy::Names;
  bool domains = false;  ///< names by registrable domain
  size_t limit = 10;     ///< rows
};

struct TopFound {
  std::vector<UsageRow> rows;
  UsageCount all;           ///< without others
  uint64_t keys = 0;        ///< how many rows there would be without a limit, as far as they are kept
  uint64_t low_by = 0;      ///< as Tally's
  bool others_low = false;  ///< as Tally's
  SearchFindings findings;
};

/// Adds up what the log has. An access that no rule decided counts, among rules, under its reason in
/// brackets. Returns an empty string, or why it cannot be.
[[nodiscard]] std::string find_top(const UsageScope& scope, const TopOptions& options, TopFound& found);

}  // namespace sluice::control
