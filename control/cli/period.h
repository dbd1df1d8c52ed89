// control/cli: a period as a person writes it.
#pragma once

#include <string>

namespace sluice::control {

/// Reads one end of a period: as parse_moment does, UTC where no offset says else; or `90s`, `30m`, `2h`,
/// `7d`, so long ago; or as in `@timestamp`. Empty is no bound. until: it is the later end, of which a day
/// means its last moment. out: as in `@timestamp`. Returns false, and has said so, where text is no time.
[[nodiscard]] bool read_bound(const std::string& text, bool until, std::string& out);

}  // namespace sluice::control
