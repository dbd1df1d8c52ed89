// control/usage: what became of accesses, by names of the policy, in a bounded number of series.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "dataplane/contract/record.h"

namespace sluice::control {

/// How a series is called that has what belongs to no other.
inline constexpr std::string_view kOtherName = "other";

/// Accesses by action, for each of at most so many names; all others are counted in one. A name that is known
/// stays until the process ends, so that no count ever falls. What nobody made known gets no count of its
/// own: names come from a policy that was compiled, never from a line of the log.
class NameCounts {
 public:
  using Actions = std::array<uint64_t, kActionCount>;
  using Names = std::map<std::string, Actions, std::less<>>;

  explicit NameCounts(size_t most) : most_(most) {}

  /// Counts these from now on each by itself, the first ones first, as far as there is room. `other` and the
  /// empty name are none.
  void know(std::span<const std::string> names);
  void add(std::string_view name, size_t action, uint64_t count);

  const Names& names() const { return names_; }
  const Actions& rest() const { return rest_; }

 private:
  size_t most_;
  Names names_;
  Actions rest_{};
};

/// Those that metrics show, since this process began.
struct AccessCounts {
  static constexpr size_t kMaxRules = 200;  ///< rules, exceptions and tunnels that are counted each by itself
  static constexpr size_t kMaxNetworks = 100;  ///< the same of networks

  NameCounts rules{kMaxRules}, networks{kMaxNetworks};
};

}  // namespace sluice::control
