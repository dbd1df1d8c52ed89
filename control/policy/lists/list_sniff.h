// control/policy: what the bytes of a list file look like.
#pragma once

#include <optional>
#include <string_view>

#include "control/policy/policy_source.h"

namespace sluice::control {

/// Why text cannot be a list of any format, as `it is compressed by gzip`; empty where it may be one.
std::string_view why_no_list(std::string_view text);

/// The format that most of its first lines have; nothing where they look like none.
std::optional<ListFormat> likely_format(std::string_view text);

}  // namespace sluice::control
