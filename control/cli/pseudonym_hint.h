// control/cli: what to do where somebody is looked for by name in a log that has pseudonyms.
#pragma once

#include <string>

namespace sluice::control {

/// Says on standard error, where who is a person or an address and the log has pseudonyms in place of them,
/// that only what was written without them can be found so, and how to find the rest.
void hint_at_pseudonyms(const std::string& log, const std::string& who);

}  // namespace sluice::control
