// control/feeds: reads files of checksums.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sluice::control {

/// Finds the SHA-256 of file in text, as sha256sum writes it: 64 hexadecimal digits, a blank, a blank or `*`,
/// a path; or the digits alone. A line that is the only one speaks of any file. Other lines are passed over.
/// Returns nothing where no sum is said of file, or two. The digits are in lower case.
[[nodiscard]] std::optional<std::string> find_checksum(std::string_view text, std::string_view file);

}  // namespace sluice::control
