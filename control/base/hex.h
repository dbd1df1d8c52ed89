// control/base: bytes as hexadecimal digits.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace sluice::control {

[[nodiscard]] std::string hex_text(std::span<const uint8_t> bytes);
/// Returns false where text is not out.size() pairs of lower-case hexadecimal digits.
[[nodiscard]] bool bytes_of_hex(std::string_view text, std::span<uint8_t> out);
[[nodiscard]] bool is_sha256_text(std::string_view text);

}  // namespace sluice::control
