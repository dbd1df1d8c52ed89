// control/policy: checks the parts of a policy against each other.
#pragma once

#include "control/policy/diagnostics.h"
#include "control/policy/policy_source.h"

namespace sluice::control {

/// Reports what is missing, declared twice, not declared, or at odds.
/// The words in the rules are resolve_rules' job, times resolve_times'.
void check_source(const PolicySource& source, Report& report);

}  // namespace sluice::control
