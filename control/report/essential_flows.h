// control/report: which flows a rule opened by name; the line of a flow's end leads to that of its access.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <unordered_set>

#include "control/search/fields.h"

namespace sluice::control {

/// Remembers the accesses that a rule opened by name until the line of their flow's end comes, which names
/// the access (`sluice.access`) and not the rule. For lines in the log's order. Ids are kept as hashes of 64
/// bits.
class EssentialFlows {
 public:
  static constexpr size_t kMaxKept = size_t{1} << 20;  ///< accesses; the oldest ones go
  static constexpr uint64_t kMaxRepeats = 65'536;      ///< of one line; further ones are forgotten at once

  /// max_kept: at least 2.
  explicit EssentialFlows(size_t max_kept = kMaxKept) : max_kept_(max_kept) {}

  /// An access's line, of any kind.
  void add_access(const AccessFields& fields);
  /// A line of a flow that ended or goes on: whether a rule had opened it by name.
  [[nodiscard]] bool take_end(const AccessFields& fields);
  /// Accesses that were forgotten for want of room; most of them have no end of their own to come.
  uint64_t forgotten() const { return forgotten_; }

 private:
  void keep(std::string_view boot_and_worker, uint64_t number);
  void keep(uint64_t hash);

  const size_t max_kept_;
  std::unordered_set<uint64_t> young_, old_;  ///< half of them each; when one is full the other one goes
  uint64_t forgotten_ = 0;
};

}  // namespace sluice::control
