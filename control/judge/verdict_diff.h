// control/judge: recorded accesses that two policies decide differently.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "control/judge/judge.h"
#include "control/judge/replayed.h"

namespace sluice::control {

inline constexpr size_t kMaxVerdictGroups = 100'000;  ///< further accesses are counted together
inline constexpr size_t kMaxGroupClients = 10'000;    ///< of one group; more are not told apart

/// What a policy says, without its indices.
struct ShortVerdict {
  std::string action;  ///< a word; `observed (blocked)` where that is what would be
  std::string rule;    ///< or the reason, where no rule decided
  auto operator<=>(const ShortVerdict&) const = default;
};
[[nodiscard]] ShortVerdict short_verdict(const Answer& answer);

/// Accesses that are alike: of one network, to one name, decided so before and otherwise after.
struct VerdictGroup {
  std::string network, name;  ///< name: an address where none was seen
  ShortVerdict before, after;
  uint64_t accesses = 0;
  std::set<Address> clients;
  int64_t first_s = INT64_MAX, last_s = INT64_MIN;
};

/// Asks two policies about each access.
class VerdictDiff {
 public:
  /// Both outlive this.
  VerdictDiff(Judge& before, Judge& after) : before_(before), after_(after) {}

  /// line: of an access; any other is passed over.
  void take(const RecordedLine& line);

  /// The most accesses first.
  [[nodiscard]] std::vector<const VerdictGroup*> groups() const;
  uint64_t accesses() const { return accesses_; }      ///< that were asked about
  uint64_t changed() const { return changed_; }        ///< to another action
  uint64_t other_rule() const { return other_rule_; }  ///< to the same action, by another rule or reason
  uint64_t ungrouped() const { return ungrouped_; }    ///< changed ones beyond kMaxVerdictGroups

 private:
  using Key = std::tuple<std::string, std::string, ShortVerdict, ShortVerdict>;
  Judge &before_, &after_;
  std::map<Key, VerdictGroup> groups_;
  uint64_t accesses_ = 0, changed_ = 0, other_rule_ = 0, ungrouped_ = 0;
};

}  // namespace sluice::control
