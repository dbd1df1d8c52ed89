// extract: a host name made canonical.
#include <arpa/inet.h>

#include <algorithm>

#include "dataplane/extract/extract.h"
#include "dataplane/extract/lanes.h"

namespace sluice {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}
bool is_hex(char c) {
  return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'f');
}
bool is_alnum(char c) {
  return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'z');
}

/// The rule of the URL standard ("ends in a number"), which says the same as inet_aton: no top-level domain
/// is numeric, so a host whose last label is, decimal or hexadecimal, is an address or nothing.
bool ends_in_number(std::string_view host) {
  std::string_view label = host;
  label.remove_prefix(host.rfind('.') + 1);
  if (std::ranges::all_of(label, is_digit)) return true;
  if (label.size() < 2 || label[0] != '0' || lower(label[1]) != 'x') return false;
  label.remove_prefix(2);
  return std::ranges::all_of(label, is_hex);
}

/// Takes ":443", or ":" alone (RFC 3986 3.2.3), off the end. Returns false where what follows the colon is no
/// port.
bool strip_port(std::string_view& host) {
  const size_t colon = host.find(':');
  if (colon == std::string_view::npos) return true;
  std::string_view port = host;
  port.remove_prefix(colon + 1);
  if (!std::ranges::all_of(port, is_digit)) return false;
  host = host.substr(0, colon);
  return true;
}

/// text: without brackets; a zone (RFC 6874) may follow a percent sign.
bool is_v6(std::string_view text) {
  const size_t percent = text.find('%');
  if (percent != std::string_view::npos) {
    std::string_view zone = text;
    zone.remove_prefix(percent + 1);
    if (zone.empty()) return false;
    const auto fits = [](char c) {
      return is_alnum(c) || c == '-' || c == '.' || c == '_' || c == '~' || c == '%';
    };
    if (!std::ranges::all_of(zone, fits)) return false;
    text = text.substr(0, percent);
  }
  char copy[INET6_ADDRSTRLEN];
  if (text.size() >= sizeof copy || text.find('\0') != std::string_view::npos) return false;
  std::copy(text.begin(), text.end(), copy);
  copy[text.size()] = 0;
  in6_addr address{};
  return inet_pton(AF_INET6, copy, &address) == 1;
}

}  // namespace

bool HostName::assign(std::string_view raw) {
  clear();
  if (raw.starts_with('[')) {
    const size_t close = raw.find(']');
    if (close == std::string_view::npos) return false;
    std::string_view port = raw;
    port.remove_prefix(close + 1);
    if (!port.empty() && (port[0] != ':' || !strip_port(port))) return false;
    raw.remove_suffix(raw.size() - close);
    raw.remove_prefix(1);
    return assign_v6(raw);
  }
  const size_t colon = raw.find(':');
  if (colon != std::string_view::npos) {
    if (raw.find(':', colon + 1) != std::string_view::npos) return assign_v6(raw);
    if (!strip_port(raw)) return false;
  }
  if (raw.ends_with('.')) raw.remove_suffix(1);
  if (!assign_labels(raw)) return false;
  is_address_ = ends_in_number(view());
  return true;
}

/// By lanes; what is written behind the last label's end does not count.
bool HostName::assign_labels(std::string_view labels) {
  clear();
  static_assert(sizeof text_ % kLane == 0);
  if (labels.empty() || labels.size() > kMaxName) return false;
  const auto mask = [](__m128i lane) { return static_cast<uint32_t>(_mm_movemask_epi8(lane)); };
  // Signed: bytes from 0x80 on are below all others.
  const auto outside = [](__m128i lane, char least, char most) {
    return _mm_or_si128(_mm_cmplt_epi8(lane, lane_of(least)), _mm_cmpgt_epi8(lane, lane_of(most)));
  };
  uint32_t dot_before = 1;  // an empty label may not stand first either
  for (size_t at = 0; at < labels.size(); at += kLane) {
    const size_t left = labels.size() - at;
    const __m128i bytes = load_lane(reinterpret_cast<const uint8_t*>(labels.data()) + at, left);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(text_ + at),
                     _mm_or_si128(bytes, _mm_andnot_si128(outside(bytes, 'A', 'Z'), lane_of(0x20))));
    const uint32_t inside = left >= kLane ? 0xffff : (1U << left) - 1;
    const uint32_t dots = mask(lane_is(bytes, '.')) & inside;
    if ((mask(outside(bytes, 0x21, 0x7e)) & inside) | (dots & (dots << 1 | dot_before))) return false;
    dot_before = dots >> (kLane - 1);
  }
  if (labels.back() == '.') return false;
  size_ = static_cast<uint8_t>(labels.size());
  return true;
}

bool HostName::assign_v6(std::string_view text) {
  if (!is_v6(text) || text.size() > kMaxName) return false;
  std::ranges::transform(text, text_, lower);
  size_ = static_cast<uint8_t>(text.size());
  is_address_ = true;
  return true;
}

}  // namespace sluice
