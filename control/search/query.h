// control/search: what somebody looks for in the access log.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "control/policy/prefix.h"

namespace sluice::control {

/// All that is given must hold; what is empty holds for every line.
struct QueryOptions {
  std::string from;    ///< a client's address or prefix, a user's name, or a pseudonym of either
  std::string to;      ///< a destination's address or prefix, or a name: it and all names below it; or a
                       ///< pseudonym
  std::string action;  ///< `allowed`, `blocked` or `observed`
  std::string rule;
  std::string network;       ///< of the client
  std::string since, until;  ///< as in `@timestamp`; both included
  // A line that stands for repeats fits a time that its first and its last access stand around.
};

/// Lines of accesses and of flows' ends that fit. Immutable, any thread.
class Query {
 public:
  /// Returns nothing and says in error what cannot be looked for.
  [[nodiscard]] static std::optional<Query> parse(const QueryOptions& options, std::string& error);

  /// count: how many accesses or ends the line stands for, where it fits.
  [[nodiscard]] bool matches(std::string_view line, uint64_t& count) const;
  /// Takes lines off the front of rest, each ending with a line feed, up to the first one that fits, and
  /// returns that with its line feed; nothing where none does.
  [[nodiscard]] std::string_view next_match(std::string_view& rest, uint64_t& count) const;
  /// The keys that every line that fits has, for the filters of an index. A prefix has none.
  const std::vector<uint64_t>& keys() const { return keys_; }
  /// Whether a line of that time may fit.
  [[nodiscard]] bool overlaps(int64_t first_ns, int64_t last_ns) const {
    return first_ns <= until_ns_ && last_ns >= since_ns_;
  }

 private:
  [[nodiscard]] bool matches_time(std::string_view time, std::string_view end) const;
  [[nodiscard]] bool matches_to(std::string_view domain, std::string_view address) const;

  QueryOptions options_;
  std::optional<Prefix> from_, to_;
  std::string needle_;  ///< a text that every line that fits has; may be empty
  std::vector<uint64_t> keys_;
  int64_t since_ns_ = INT64_MIN, until_ns_ = INT64_MAX;
};

}  // namespace sluice::control
