// control/cli: what sluicectl status begins with: is it us?
#pragma once

#include <iosfwd>
#include <nlohmann/json_fwd.hpp>

namespace sluice::control {

/// us: of the daemon's status.
void show_lines(std::ostream& out, const nlohmann::json& us);
/// What ends by itself soon, or has ended. ending: of the daemon's status.
void show_ending(std::ostream& out, const nlohmann::json& ending);

/// Which alarms are open, and what of them nobody has taken. Nothing where the policy has none.
void show_alarms(std::ostream& out, const nlohmann::json& alarms);

}  // namespace sluice::control
