// bench: packets of attacks, each another one.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "dataplane/contract/reasons.h"

namespace sluice::bench {

/// The same numbers each time.
class Chance {
 public:
  uint64_t next() {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    state_ ^= state_ << 17;
    return state_;
  }

 private:
  uint64_t state_ = 0x9e3779b97f4a7c15;
};

struct Attack {
  std::string_view name;
  std::string_view what;
  /// Frames of the attack; those that are sent take turns among them.
  std::vector<std::vector<uint8_t>> (*frames)();
  /// Makes one of them another packet of the attack, from another client of the staff.
  void (*vary)(uint8_t* frame, uint64_t chance);
  /// What counts the packets that a bound stopped: at least one of these must.
  std::span<const Reason> told_by;
};

std::span<const Attack> attacks();
inline constexpr uint16_t kMostAttackBytes = 1400;

}  // namespace sluice::bench
