// control/policy: finds the addresses of the groups of users that networks name.
#pragma once

#include "control/policy/diagnostics.h"
#include "control/policy/policy_source.h"

namespace sluice::control {

/// Adds to each network the addresses of its groups' users. Reports groups that nobody is in or that no
/// network names, and addresses that two users claim.
void resolve_groups(PolicySource& source, Report& report);

}  // namespace sluice::control
