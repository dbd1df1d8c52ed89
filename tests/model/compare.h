// tests: model: holds the two verdicts on one question against each other, and makes a difference small.
#pragma once

#include <string>

#include "tests/model/enforced.h"
#include "tests/model/world.h"

namespace sluice::model {

/// Where model and gateway differ on this question; empty: nowhere. with_trace: the trace is checked as well.
std::string difference(const World& world, Enforced& enforced, const Question& question, bool with_trace);

/// Takes away from the policy whatever the difference does not need.
World smallest(World world, const Question& question);

/// All that is needed to see the difference again.
std::string report(const World& world, const Question& question);

}  // namespace sluice::model
