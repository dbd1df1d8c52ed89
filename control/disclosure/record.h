// control/disclosure: the signed line that says who disclosed what.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "control/disclosure/disclose.h"

namespace sluice::control {

/// Adds a signed line to heads.jsonl and gives it as it stands there; returns an empty string, or why it is
/// not written.
using AppendSigned = std::function<std::string(const nlohmann::json& line, std::string& written)>;

/// What sluicectl asks of the daemon. sha256: of all that stands in the file before the record.
[[nodiscard]] nlohmann::json record_request(const std::string& name, const DisclosureFindings& found,
                                            const std::string& sha256);

/// Answers it: writes the line down and gives it as `signed`; or `error`. uid, user: who asks.
[[nodiscard]] nlohmann::json record_disclosure(const nlohmann::json& request, uid_t uid,
                                               const std::string& user, int64_t utc_ns,
                                               const AppendSigned& append);

}  // namespace sluice::control
