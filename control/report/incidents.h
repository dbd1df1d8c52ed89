// control/report: violations of the access rules, put together to incidents.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "control/usage/reader.h"

namespace sluice::control {

/// What follows the last access of the same person against the same rule so soon is the same incident.
inline constexpr std::chrono::minutes kIncidentQuiet{30};

struct Incident {
  static constexpr size_t kMaxAsked = 5;  ///< names that it keeps

  std::string id;             ///< see control/review
  std::string who;            ///< the user, or the client's address where none is known
  std::string address;        ///< of its first access
  std::string rule, network;  ///< network: of its first access; may be empty
  int64_t first_ns = 0, last_ns = 0;
  uint64_t accesses = 0;
  std::set<std::string> asked;  ///< the first names, or addresses, that were asked for
};

/// Finds them in lines that come in the log's order. Where an incident begins is told by the half hour before
/// it alone, so it is the same whichever longer period is read.
class IncidentFinder {
 public:
  static constexpr size_t kMaxIncidents = 100'000;  ///< kept; accesses of further ones are counted

  /// rules: those that say `violation: true`.
  explicit IncidentFinder(std::set<std::string, std::less<>> rules) : rules_(std::move(rules)) {}

  void add(const UsageLine& line);
  /// Those that begin in a period, the first one first; the end is not in it. UTC since 1970.
  [[nodiscard]] std::vector<Incident> take(int64_t begin_ns, int64_t end_ns);
  uint64_t left_out() const { return left_out_; }

 private:
  void begin(const UsageLine& line, std::string key, std::string rule);

  const std::set<std::string, std::less<>> rules_;
  std::vector<Incident> incidents_;
  std::unordered_map<std::string, size_t> newest_;  ///< by person and rule
  uint64_t left_out_ = 0;
};

}  // namespace sluice::control
