// boot: has the links of a line's two ports follow each other.
#pragma once

#include <cstdint>
#include <optional>

#include "dataplane/contract/stats.h"
#include "dataplane/worker/pipeline.h"

namespace sluice {

/// Looks, once a second, at the links of two ports. Where one has lost its link, the other one is taken down,
/// so that whoever is behind it sees that nothing passes, and is brought up when the link is back.
class LinkFollow {
 public:
  /// Ports that were just opened or brought up find their link within so many looks; before that, none is
  /// lost.
  static constexpr uint32_t kSettleLooks = 10;

  struct Order {
    Side port;
    bool up;
  };

  /// Returns what is to be done to a port now. A port that is down by its order counts for nothing until it
  /// is ordered up.
  [[nodiscard]] std::optional<Order> look(LinkState lan, LinkState line);

 private:
  std::optional<Side> taken_;  ///< down by our order
  uint32_t settling_ = kSettleLooks;
};

}  // namespace sluice
