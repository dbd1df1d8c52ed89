// control/policy: host names as a policy and its lists write them.
#include "control/policy/host_name.h"

#include "dataplane/contract/image.h"

namespace sluice::control {
namespace {

constexpr size_t kMaxLabel = 63;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// Lower-cases and checks one name of labels.
NameError check_labels(char* text, size_t size) {
  size_t label = 0;
  bool last_label_numeric = true, not_ascii = false, star = false, character = false;
  bool empty_label = false, long_label = false;
  for (size_t i = 0; i < size; ++i) {
    char& c = text[i];
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (c == '.') {
      empty_label |= label == 0;
      label = 0;
      last_label_numeric = true;
      continue;
    }
    long_label |= ++label > kMaxLabel;
    last_label_numeric &= is_digit(c);
    not_ascii |= (static_cast<unsigned char>(c) & 0x80) != 0;
    star |= c == '*';
    character |= !((c >= 'a' && c <= 'z') || is_digit(c) || c == '-' || c == '_');
  }
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
