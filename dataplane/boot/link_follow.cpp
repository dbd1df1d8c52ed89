// boot: links that follow each other.
#include "dataplane/boot/link_follow.h"

namespace sluice {

std::optional<LinkFollow::Order> LinkFollow::look(LinkState lan, LinkState line) {
  if (taken_) {
    const Side back = *taken_;
    if ((back == Side::Lan ? line : lan) != LinkState::Up) return std::nullopt;
    taken_.reset();
    settling_ = kSettleLooks;
    return Order{back, true};
  }
  if (lan == LinkState::Up && line == LinkState::Up) settling_ = 0;
  if (settling_ > 0) {
    --settling_;
    return std::nullopt;
  }
  // With both links lost there is nobody to be told.
  if (lan == LinkState::Down && line == LinkState::Up) taken_ = Side::Line;
  if (line == LinkState::Down && lan == LinkState::Up) taken_ = Side::Lan;
  if (!taken_) return std::nullopt;
  return Order{*taken_, false};
}

}  // namespace sluice
