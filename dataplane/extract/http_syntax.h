// extract: the character classes of HTTP/1.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "dataplane/extract/lanes.h"

namespace sluice {

inline constexpr uint8_t kMaxChunkDigits = 15;  ///< hexadecimal digits of a chunk's size: below 2^60
inline constexpr uint64_t kMaxContentLength = uint64_t{1} << 60;  ///< bytes of a body; not reached
inline constexpr size_t kMaxFieldName = 32;  ///< a longer field name is none that matters

constexpr bool is_http_digit(uint8_t c) {
  return c >= '0' && c <= '9';
}
constexpr bool is_http_alpha(uint8_t c) {
  return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}
constexpr uint8_t http_lower(uint8_t c) {
  return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
}

namespace detail {
constexpr std::array<bool, 256> alnum_and(std::string_view others) {
  std::array<bool, 256> table{};
  for (unsigned c = 0; c < 256; ++c) {
    table[c] = is_http_digit(static_cast<uint8_t>(c)) || is_http_alpha(static_cast<uint8_t>(c));
  }
  for (char c : others) table[static_cast<uint8_t>(c)] = true;
  return table;
}
inline constexpr auto kTokenBytes = alnum_and("!#$%&'*+-.^_`|~");
inline constexpr LaneSet kTokenSet(kTokenBytes), kHostSet(alnum_and("-._~!$&'()*+;=:"));
}  // namespace detail

/// tchar of RFC 9110 5.6.2.
constexpr bool is_http_token(uint8_t c) {
  return detail::kTokenBytes[c];
}

/// White space inside a line, as the servers have it that do not only take a space.
inline constexpr std::string_view kHttpBlanks = " \t\v\f";
constexpr bool is_http_blank(uint8_t c) {
  return std::ranges::any_of(kHttpBlanks, [c](char blank) { return c == static_cast<uint8_t>(blank); });
}

/// Are these the letters of text, which is in lower case?
constexpr bool is_http_word(std::string_view letters, std::string_view text) {
  return letters.size() == text.size() && std::ranges::equal(letters, text, [](char a, char b) {
           return http_lower(static_cast<uint8_t>(a)) == static_cast<uint8_t>(b);
         });
}

/// Returns the value of a hexadecimal digit, or -1.
constexpr int hex_value(uint8_t c) {
  if (is_http_digit(c)) return c - '0';
  const uint8_t letter = c | 0x20;
  return letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
}

/// uri-host and port as all servers read them alike: RFC 3986's reg-name without percent-encoding and comma,
/// at most one colon; or an address in brackets, which HostName checks.
inline bool is_http_host(std::string_view text) {
  if (text.starts_with('[')) return true;
  const std::span bytes(reinterpret_cast<const uint8_t*>(text.data()), text.size());
  if (bytes_before(bytes, [](__m128i lane) { return detail::kHostSet.others(lane); }) != text.size())
    return false;
  const size_t colon = text.find(':');
  return colon == std::string_view::npos || text.find(':', colon + 1) == std::string_view::npos;
}

/// How many of the first bytes a name is made of (see is_http_token).
inline size_t token_bytes(std::span<const uint8_t> bytes) {
  return bytes_before(bytes, [](__m128i lane) { return detail::kTokenSet.others(lane); });
}

}  // namespace sluice
