// control/policy: which bytes are UTF-8 text.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace sluice::control {

/// Bytes of the first character of text: 1 to 4, or 0 where it is not valid UTF-8 or text is empty.
/// Source: RFC 3629 4.
size_t utf8_size(std::string_view text);

/// text with each byte that is not part of a valid character, and each control character, as '?'.
std::string printable(std::string_view text);

}  // namespace sluice::control
