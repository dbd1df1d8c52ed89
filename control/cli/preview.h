// control/cli: whom and what of the last day a saved policy would newly block.
#pragma once

#include <chrono>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

namespace sluice::control {

/// Recorded accesses that pass by the policy in force, and would be blocked by the one that is saved.
struct PreviewRow {
  std::string network, what;  ///< who, and the name or else the address
  std::string by;             ///< the rule, or the reason's word
  uint64_t accesses = 0;
  std::set<std::string> clients;  ///< addresses; as many as kMaxPreviewClients
};

struct Preview {
  std::vector<PreviewRow> rows;  ///< those with most accesses first
  uint64_t accesses = 0;         ///< that were judged
  uint64_t blocked = 0;          ///< of them newly
  bool cut = false;              ///< a bound was reached, so that there may be more
  std::string why_none;          ///< why nothing could be judged; empty: it could
  bool reached = true;           ///< the gateway could be asked
};

inline constexpr std::chrono::hours kPreviewPeriod{24};
inline constexpr std::chrono::seconds kPreviewTime{20};  ///< then the rest of the log is left out
inline constexpr size_t kMaxPreviewClients = 1'000;
inline constexpr size_t kPreviewRowsShown = 10;

/// Judges the accesses of the last day by what is in force and by what is saved, with the code that enforces.
/// Shows on a terminal how far it is.
[[nodiscard]] Preview make_preview(const std::string& socket);
/// Prints it, for people.
void show_preview(const Preview& preview);
[[nodiscard]] nlohmann::json to_json(const Preview& preview);

}  // namespace sluice::control
