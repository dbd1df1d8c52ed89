// control/keep: what is kept beyond its term, and who asked for it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::control {

inline constexpr size_t kMaxCase = 64;           ///< bytes of a case's name
inline constexpr size_t kMaxHoldReason = 1000;   ///< bytes
inline constexpr size_t kMaxHeldPeriods = 1000;  ///< of all cases; one more is refused

/// Letters, digits, `-`, `_` and dots, beginning with a letter or a digit.
[[nodiscard]] bool is_case(std::string_view text);

/// What one line `hold` asks for.
struct HeldPeriod {
  int64_t since_ns = INT64_MIN, until_ns = INT64_MAX;  ///< both included
  std::string user, reason, time;                      ///< as the line says
};

struct HeldCase {
  struct Asker {
    uint64_t uid = 0;
    std::string user, time;
  };
  std::vector<HeldPeriod> periods;
  std::optional<Asker> release;  ///< who asked first that it be released
};

/// The cases, as the lines `hold` and `release` of heads.jsonl make them.
class Holds {
 public:
  /// Takes one of those lines. A hold whose period cannot be read holds everything; a release that is not
  /// the second of two, or comes from the person of the first, releases nothing.
  void take(const nlohmann::json& line);

  /// Whether any case wants what was recorded from first_ns to last_ns.
  [[nodiscard]] bool keep(int64_t first_ns, int64_t last_ns) const;
  /// Whether one holds what is still to come, without end.
  [[nodiscard]] bool open_ended() const;
  [[nodiscard]] size_t periods() const;
  const std::map<std::string, HeldCase>& cases() const { return cases_; }

 private:
  std::map<std::string, HeldCase> cases_;
};

}  // namespace sluice::control
