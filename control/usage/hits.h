// control/usage: how often each rule decided, kept by its name.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "control/copies/checkpoint.h"
#include "control/usage/name_counts.h"

namespace sluice::control {

struct RuleHit {
  uint64_t hits = 0;    ///< accesses that it decided or marked
  int64_t last_ns = 0;  ///< when it did last, UTC
  bool operator==(const RuleHit&) const = default;
};

/// What the log's accesses say up to a place, of rules, exceptions and tunnels by their names: a rule that is
/// changed goes on counting. The file holds both, whole and synced, so an access counts once, whoever is
/// killed when.
struct RuleHits {
  /// Names that are kept; of more, the one that decided longest ago is forgotten.
  static constexpr size_t kMaxRules = 100'000;

  int64_t since_ns = 0;  ///< time of the first line that was counted; 0: none was
  int64_t until_ns = 0;  ///< of the newest line that was counted
  LogPlace place;        ///< what stands before it is counted
  std::map<std::string, RuleHit, std::less<>> rules;
  bool operator==(const RuleHits&) const = default;

  /// lines: of one frame. also: counts the same accesses, by rule and by network.
  void add(std::string_view lines, AccessCounts& also);
};

/// error: empty, also where there is no such file; else why what is there cannot be one.
[[nodiscard]] RuleHits read_hits(const std::filesystem::path& file, std::string& error);
/// Returns an empty string, or why it cannot be written.
[[nodiscard]] std::string write_hits(const std::filesystem::path& file, const RuleHits& what);

/// For the daemon's answer: `since`, `until`, and `rules` with `name`, `hits`, `last`.
[[nodiscard]] nlohmann::json to_json(const RuleHits& hits);

}  // namespace sluice::control
