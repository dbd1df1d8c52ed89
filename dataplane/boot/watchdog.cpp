// boot: the watchdog.
#include "dataplane/boot/watchdog.h"

namespace sluice {

std::optional<uint32_t> Watchdog::look(const std::vector<uint64_t>& turns) {
  std::optional<uint32_t> hung;
  for (uint32_t worker = 0; worker < seen_.size(); ++worker) {
    Seen& seen = seen_[worker];
    seen.looks = turns[worker] == seen.turns ? seen.looks + 1 : 0;
    seen.turns = turns[worker];
    if (seen.looks >= kHungLooks) hung = worker;
  }
  return hung;
}

}  // namespace sluice
