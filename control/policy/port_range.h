// control/policy: ranges of ports as text.
#pragma once

#include <cstdint>
#include <string_view>

namespace sluice::control {

/// `443` or `8000-8100`. Returns false where it is no range of ports from 1 on.
bool parse_port_range(std::string_view text, uint16_t& first, uint16_t& last);

}  // namespace sluice::control
