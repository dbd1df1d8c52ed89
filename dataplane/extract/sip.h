// extract: SIP, by the first line of a message.
#pragma once

#include <cstddef>
#include <string_view>

#include "dataplane/extract/extract.h"

namespace sluice {

/// With so many bytes match_sip always decides; a longer first line is none.
inline constexpr size_t kMaxSipStart = 256;

/// Does text begin with a request or a response of SIP? Several methods are HTTP's too, and HTTP's servers
/// ignore a target's scheme: only the version at the line's end tells. text: cut anywhere. Returns NeedMore,
/// Complete or NotMine. Source: RFC 3261 7.1, 7.2, 7.5; IANA SIP Methods.
[[nodiscard]] Extract match_sip(std::string_view text);

}  // namespace sluice
