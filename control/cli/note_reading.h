// control/cli: has the daemon write down that somebody reads people's accesses.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "control/search/query.h"

namespace sluice::control {

/// Puts on record, before anything is shown, that the caller reads what. query: what was asked for, as it was
/// asked: texts, numbers and truths; those that are empty are left out. `from` is whose accesses. Where no
/// daemon takes it, says so on standard error, and the command goes on: whoever may read the files can read
/// them without it.
void note_reading(const std::string& socket, std::string_view what, const nlohmann::json& query);

/// The same for what must not be shown otherwise. Returns an empty string, or why it is not on record.
[[nodiscard]] std::string put_reading(const std::string& socket, std::string_view what,
                                      const nlohmann::json& query);

/// What was asked for of the log in a directory. query: as a person wrote it.
[[nodiscard]] nlohmann::json reading_query(const QueryOptions& query, const std::string& log);

}  // namespace sluice::control
