// control/lines: the answer to "is it us?", as status tells it.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>

#include "control/lines/line_watch.h"

namespace sluice::control {

/// `verdict` and `why` of the worst of all; `gateway` and `lines`, each with its figures of both windows.
[[nodiscard]] nlohmann::json lines_status(const LineWatch& watch, LineTime now, bool up, uint32_t generation,
                                          const PolicyTerms& terms, int64_t utc_s);

/// The terms and exceptions that end within a month, or have ended: the first first.
[[nodiscard]] nlohmann::json ending_json(const PolicyTerms& terms, int64_t utc_s);

}  // namespace sluice::control
