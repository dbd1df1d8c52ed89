// control/usage: counts by name, in memory that is bounded.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "control/usage/reader.h"

namespace sluice::control {

/// What was counted of one name, client, rule or network.
struct UsageCount {
  uint64_t accesses = 0, blocked = 0, observed = 0;  ///< blocked and observed: of the accesses
  uint64_t others = 0;  ///< how many clients asked for it; of a client: how many names it asked for
  uint64_t bytes_up = 0, bytes_down = 0;  ///< that flows passed, from who opened them and back
  int64_t first_ns = std::numeric_limits<int64_t>::max(), last_ns = std::numeric_limits<int64_t>::min();

  /// Adds what a line says, but for others.
  void add(const UsageLine& line);
};

struct UsageRow {
  std::string key;
  UsageCount count;
};

/// Counts by key. Where more keys come than it may hold, it drops the half with the fewest accesses, and says
/// by how much what is left, or comes again, may be counted too low: so none of the greatest can be missing.
class Tally {
 public:
  static constexpr size_t kMaxKeys = size_t{1} << 20, kMaxPairs = size_t{1} << 22;
  /// max_keys: at least 2.
  explicit Tally(size_t max_keys = kMaxKeys, size_t max_pairs = kMaxPairs)
      : max_keys_(max_keys), max_pairs_(max_pairs) {}

  /// other: what is counted once for each key.
  void add(std::string_view key, std::string_view other, const UsageLine& line);

  /// The rows with the most accesses, then with the most bytes, the greatest first.
  [[nodiscard]] std::vector<UsageRow> top(size_t limit) const;
  size_t keys() const { return counts_.size(); }
  /// No key has more accesses than its row says and this; nor has one that is in no row more than this.
  uint64_t low_by() const { return low_by_; }
  /// Clients of a key may be more than its row says, as too many pairs of both came.
  bool others_low() const { return others_low_; }

 private:
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  struct Entry {
    UsageCount count;
    uint64_t number = 0;
  };
  void drop_least();

  const size_t max_keys_, max_pairs_;
  std::unordered_map<std::string, Entry, Hash, std::equal_to<>> counts_;
  std::unordered_set<uint64_t> pairs_;  ///< hashes of a key's number and an other
  uint64_t next_number_ = 0, low_by_ = 0;
  bool others_low_ = false;
};

}  // namespace sluice::control
