// control/cli: what the commands that add up the access log have in common.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "control/cli/period.h"
#include "control/usage/reader.h"

namespace sluice::control {

/// Of which log and which time, as a person writes it.
struct UsagePeriod {
  std::string log = "/var/log/sluice";
  std::string since, until;
};

/// Fills scope, with progress on a terminal. Returns false, and has said so, where a time is none.
[[nodiscard]] bool read_period(const UsagePeriod& period, UsageScope& scope);

/// Takes the line of progress away, and says what could not be read. Returns false where error is not empty.
[[nodiscard]] bool finish_reading(const std::string& error, const SearchFindings& findings);

/// `since 2026-11-23 04:05 until …`, as it was asked for.
[[nodiscard]] std::string period_text(const UsageScope& scope);

/// The same as members of a JSON object, with `problems`.
void add_period(nlohmann::json& out, const UsageScope& scope, const SearchFindings& findings);

}  // namespace sluice::control
