// control/registry: hardware addresses as people and servers write them.
#include "control/registry/mac.h"

namespace sluice::control {
namespace {

constexpr size_t kMacDigits = 12;
constexpr Mac kGroupBit = Mac{1} << 40;  ///< IEEE 802-2014 8.2.2

int digit_of(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

Mac mac_of(std::span<const uint8_t, 6> bytes) {
  Mac out = 0;
  for (const uint8_t byte : bytes) out = out << 8 | byte;
  return out;
}

std::optional<Mac> parse_mac(std::string_view text) {
  // The digits between two separators: all twelve, two or four.
  const size_t step = text.size() == kMacDigits       ? kMacDigits
                      : text.size() == kMacDigits + 5 ? 2
                      : text.size() == kMacDigits + 2 ? 4
                                                      : 0;
  if (step == 0) return std::nullopt;
  const char separator = step == 4 ? '.' : step == 2 ? text[2] : '\0';
  if (step == 2 && separator != ':' && separator != '-') return std::nullopt;
  Mac out = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (step != kMacDigits && i % (step + 1) == step) {
      if (text[i] != separator) return std::nullopt;
      continue;
    }
    const int digit = digit_of(text[i]);
    if (digit < 0) return std::nullopt;
    out = out << 4 | static_cast<Mac>(digit);
  }
  if (out == 0 || (out & kGroupBit) != 0) return std::nullopt;
  return out;
}

std::string mac_text(Mac mac) {
  static constexpr char kDigits[] = "0123456789ABCDEF";
  std::string out;
  for (int shift = 40; shift >= 0; shift -= 8) {
    if (!out.empty()) out += '-';
    out += kDigits[mac >> (shift + 4) & 15];
    out += kDigits[mac >> shift & 15];
  }
  return out;
}

}  // namespace sluice::control
