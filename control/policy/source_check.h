// control/policy: checks the parts of a policy against each other.
#pragma once

#include <chrono>

#include "control/policy/diagnostics.h"
#include "control/policy/policy_source.h"

namespace sluice::control {

/// Reports what is missing, declared twice, not declared, or at odds. today: for the terms of the lines.
/// The words in the rules are resolve_rules' job.
void check_source(const PolicySource& source, std::chrono::sys_days today, Report& report);

}  // namespace sluice::control
