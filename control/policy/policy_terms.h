// control/policy: what of a policy ends by itself, and the lines it is about.
#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

namespace sluice::control {

struct PolicySource;
struct ResolvedTimes;

/// Of the exceptions those that end first; people are told of the next ones only.
inline constexpr size_t kMaxExceptionTerms = 100;

struct LineTerm {
  std::string name;
  uint64_t bandwidth_bits_per_s = 0;  ///< 0: not said
  int64_t ends_s = 0;                 ///< UTC, the first second after its term; 0: not said
  bool refused_after = false;         ///< `on-expiry: block`
  bool operator==(const LineTerm&) const = default;
};

struct ExceptionTerm {
  std::string name, owner, ticket;
  int64_t ends_s = 0;  ///< UTC, the first second at which it is off
  bool operator==(const ExceptionTerm&) const = default;
};

struct PolicyTerms {
  std::vector<LineTerm> lines;
  std::vector<ExceptionTerm> exceptions;  ///< the first to end first
  std::string timezone = "UTC";  ///< of the site, by whose clocks all of it is told
  bool operator==(const PolicyTerms&) const = default;
};

/// times: of source.
[[nodiscard]] PolicyTerms terms_of(const PolicySource& source, const ResolvedTimes& times);

[[nodiscard]] nlohmann::json terms_json(const PolicyTerms& terms);
/// The inverse; nothing where value is none.
[[nodiscard]] std::optional<PolicyTerms> terms_from(const nlohmann::json& value);

}  // namespace sluice::control
