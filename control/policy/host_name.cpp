// control/policy: host names as a policy and its lists write them.
#include "control/policy/host_name.h"

#include <array>

#include "dataplane/contract/image.h"

namespace sluice::control {
namespace {

constexpr size_t kMaxLabel = 63;

/// What a byte may be in a name; bits, so that a whole label's can be gathered.
enum ByteKind : uint8_t {
  kLetter = 1,  ///< or `-`, `_`
  kDigit = 2,
  kDot = 4,
  kStar = 8,
  kOther = 16,
  kNotAscii = 32
};

/// By byte: millions of names are read a byte at a time.
constexpr auto kKinds = [] {
  std::array<uint8_t, 256> kinds{};
  for (size_t i = 0; i < kinds.size(); ++i) kinds[i] = i < 0x80 ? kOther : kNotAscii;
  for (int c = 'a'; c <= 'z'; ++c) kinds[static_cast<size_t>(c)] = kLetter;
  for (int c = 'A'; c <= 'Z'; ++c) kinds[static_cast<size_t>(c)] = kLetter;
  for (int c = '0'; c <= '9'; ++c) kinds[static_cast<size_t>(c)] = kDigit;
  kinds['-'] = kinds['_'] = kLetter;
  kinds['.'] = kDot;
  kinds['*'] = kStar;
  return kinds;
}();
constexpr auto kLower = [] {
  std::array<char, 256> lower{};
  for (size_t i = 0; i < lower.size(); ++i)
    lower[i] = static_cast<char>(i >= 'A' && i <= 'Z' ? i - 'A' + 'a' : i);
  return lower;
}();

/// Lower-cases and checks one name of labels.
NameError check_labels(char* text, size_t size) {
  uint8_t seen = 0, in_label = 0;  // kinds of bytes
  size_t label_at = 0;
  bool empty_label = false, long_label = false;
  for (size_t i = 0; i < size; ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    text[i] = kLower[byte];
    const uint8_t kind = kKinds[byte];
    seen |= kind;
    in_label |= kind;
    if (kind != kDot) continue;
    empty_label |= i == label_at;
    long_label |= i - label_at > kMaxLabel;
    label_at = i + 1;
    in_label = 0;
  }
  const size_t label = size - label_at;
  long_label |= label > kMaxLabel;
  const bool not_ascii = (seen & kNotAscii) != 0, star = (seen & kStar) != 0,
             character = (seen & kOther) != 0;
  const bool last_label_numeric = in_label == kDigit;
  if (not_ascii) return NameError::NotAscii;
  if (star) return NameError::Star;
  if (character) return NameError::Character;
  if (empty_label || label == 0) return NameError::EmptyLabel;
  // No top-level domain is a number (RFC 3696 2), but each IPv4 address ends in one.
  if (last_label_numeric) return NameError::IsAddress;
  if (long_label) return NameError::LongLabel;
  if (size > kMaxName) return NameError::TooLong;
  return NameError::None;
}

}  // namespace

ParsedName parse_bare_name(char* text, size_t size) {
  if (size > 0 && text[size - 1] == '.') --size;
  ParsedName out;
  out.error = size == 0 ? NameError::Empty : check_labels(text, size);
  out.name = {text, size};
  return out;
}

ParsedName parse_host_name(char* text, size_t size) {
  NameScope scope = NameScope::Both;
  if (size > 0 && text[0] == '=') {
    scope = NameScope::Self;
    ++text, --size;
  } else if (size > 1 && text[0] == '*' && text[1] == '.') {
    scope = NameScope::Below;
    text += 2, size -= 2;
  }
  ParsedName out = parse_bare_name(text, size);
  out.scope = scope;
  return out;
}

std::string_view what_of(NameError error) {
  switch (error) {
    case NameError::None:
      return "is a name";
    case NameError::Empty:
      return "is empty";
    case NameError::NotAscii:
      return "is no internationalised name";
    case NameError::Star:
      return "has stars where none may stand";
    case NameError::IsAddress:
      return "is an address or a number, not a name";
    case NameError::Character:
      return "has a character that no host name has";
    case NameError::EmptyLabel:
      return "has an empty label";
    case NameError::LongLabel:
      return "has a label of more than 63 bytes";
    case NameError::TooLong:
      return "is longer than 253 bytes";
  }
  return "is not a name";
}

std::string_view instead_of(NameError error) {
  switch (error) {
    case NameError::NotAscii:
      return "write its A-labels (xn--...)";
    case NameError::Star:
      return "write \"*.example.com\" or \"cdn*.example.com\", with at most 4 stars";
    case NameError::IsAddress:
      return "addresses belong under `prefixes:`";
    case NameError::LongLabel:
    case NameError::TooLong:
      return "no such name can be asked for";
    default:
      return "write example.com, \"=example.com\" or \"*.example.com\"";
  }
}

}  // namespace sluice::control
