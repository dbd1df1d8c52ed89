// control/lines: the answer to "is it us?", as status tells it.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>

#include "control/lines/line_watch.h"
#include "control/policy/line_register.h"

namespace sluice::control {

/// `verdict` and `why` of the worst of all; `gateway` and `lines`, each with its figures of both windows.
[[nodiscard]] nlohmann::json lines_status(const LineWatch& watch, LineTime now, bool up, uint32_t generation,
                                          const PolicyTerms& terms, int64_t utc_s);

/// `company`, and `lines`, each with its papers and what is left of its term at utc_s: `ends`, `days_left`
/// (of its last day 0, then below), both nothing where no term is said, and `over`. terms: of the same
/// policy.
[[nodiscard]] nlohmann::json lines_register(const PolicyRegister& registers, const PolicyTerms& terms,
                                            int64_t utc_s);
/// Puts into lines_register's answer how each line is now. us: what lines_status told; may be empty.
void add_line_states(nlohmann::json& registers, const nlohmann::json& us);

/// The terms of lines that end within kTermWarnS, the exceptions that end within a month, and those that have
/// ended: the first first.
[[nodiscard]] nlohmann::json ending_json(const PolicyTerms& terms, int64_t utc_s);

}  // namespace sluice::control
