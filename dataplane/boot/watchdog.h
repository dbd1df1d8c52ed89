// boot: sees a worker that does not turn any more.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace sluice {

/// Looks, once a second, at how often each worker has turned. A machine that stands still as a whole keeps
/// the looks from coming too, so it makes nobody hung.
class Watchdog {
 public:
  static constexpr uint32_t kHungLooks = 10;

  explicit Watchdog(uint32_t workers) : seen_(workers) {}

  /// turns: of each worker, since its start. Returns one that has not turned for kHungLooks looks.
  [[nodiscard]] std::optional<uint32_t> look(const std::vector<uint64_t>& turns);

 private:
  struct Seen {
    uint64_t turns = 0;
    uint32_t looks = 0;  ///< since it turned last
  };
  std::vector<Seen> seen_;
};

}  // namespace sluice
