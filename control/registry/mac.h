// control/registry: hardware addresses.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace sluice::control {

/// A hardware address of six bytes as a number, the first byte the highest; 0: none.
using Mac = uint64_t;

[[nodiscard]] Mac mac_of(std::span<const uint8_t, 6> bytes);
/// `aa:bb:cc:dd:ee:ff`, with dashes, `aabb.ccdd.eeff` or twelve digits, in either case. Nothing where text is
/// none, or a group's, or all zeros.
[[nodiscard]] std::optional<Mac> parse_mac(std::string_view text);
/// As records have it: `AA-BB-CC-DD-EE-FF`.
[[nodiscard]] std::string mac_text(Mac mac);

}  // namespace sluice::control
