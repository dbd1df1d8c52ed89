// control/policy: host names as people write them: in their own letters, and with stars in them.
#include "control/policy/written_name.h"

#include <idn2.h>

#include <algorithm>
#include <cstdlib>
#include <memory>

#include "dataplane/contract/image.h"

namespace sluice::control {
namespace {

constexpr size_t kMaxWritten = 4 * kMaxName;  ///< bytes: a character takes four at most
constexpr int kIdnFlags = IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL;

struct Free {
  void operator()(void* bytes) const { std::free(bytes); }
};

/// Returns nothing where text cannot be brought into A-labels; reason says why.
std::unique_ptr<char, Free> to_a_labels(const std::string& text, std::string_view& reason) {
  uint8_t* raw = nullptr;
  const int result = idn2_lookup_u8(reinterpret_cast<const uint8_t*>(text.c_str()), &raw, kIdnFlags);
  std::unique_ptr<char, Free> out(reinterpret_cast<char*>(raw));
  if (result == IDN2_OK) return out;
  reason = idn2_strerror(result);
  return nullptr;
}

/// Whether a label of characters beyond ASCII was written with stars: it has become one that nobody meant.
bool stars_in_a_label(std::string_view name) {
  for (size_t at = 0; at < name.size();) {
    const size_t end = std::min(name.find('.', at), name.size());
    const std::string_view label = name.substr(at, end - at);
    if (label.starts_with("xn--") && label.find('*') != label.npos) return true;
    at = end + 1;
  }
  return false;
}

/// A pattern for name, which is in lower case and has stars. Sets the error where it is no name.
void make_pattern(const std::string& name, WrittenName& out) {
  // With each star as a letter it must be a name.
  std::string filled = name;
  std::ranges::replace(filled, '*', 'a');
  out.error = parse_bare_name(filled.data(), filled.size()).error;
  if (out.error != NameError::None) return;
  const auto speaks = [](char c) { return c != '*' && c != '.'; };
  if (static_cast<size_t>(std::ranges::count(name, '*')) > kMaxStars || std::ranges::none_of(name, speaks) ||
      stars_in_a_label(name)) {
    out.error = NameError::Star;
    return;
  }
  std::string_view rest = name;
  if (name.front() == '*' && out.scope != NameScope::Below) {
    rest.remove_prefix(1);
    out.pattern = ".";  // at least one character before the rest, whatever the scope
  } else {
    out.pattern = out.scope == NameScope::Self ? "^" : out.scope == NameScope::Below ? "\\." : "(^|\\.)";
  }
  for (const char c : rest) {
    if (c == '*') {
      out.pattern += ".+";
    } else if (c == '.') {
      out.pattern += "\\.";
    } else {
      out.pattern += c;
    }
  }
  out.pattern += "\\z";
}

/// What no name has, and idn2 would pass on or stop at.
bool has_control(std::string_view text) {
  return std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f; });
}

}  // namespace

WrittenName read_bare_written_name(std::string_view text, NameScope scope) {
  WrittenName out;
  out.scope = scope;
  std::string copy(text.substr(0, kMaxWritten + 1));
  ParsedName parsed = parse_bare_name(copy.data(), copy.size());
  if (text.size() > kMaxWritten) {
    out.error = NameError::TooLong;
    return out;
  }
  if (parsed.error == NameError::NotAscii && has_control(text)) {
    out.error = NameError::Character;
    return out;
  }
  if (parsed.error == NameError::NotAscii) {
    const auto ascii = to_a_labels(std::string(text), out.reason);
    if (!ascii) {
      out.error = NameError::NotAscii;
      return out;
    }
    copy = ascii.get();
    parsed = parse_bare_name(copy.data(), copy.size());
  } else if (parsed.error == NameError::None && parsed.name.find("xn--") != parsed.name.npos) {
    to_a_labels(std::string(parsed.name), out.reason);
  }
  out.error = parsed.error;
  if (parsed.error == NameError::Star) {
    make_pattern(std::string(parsed.name), out);
  } else {
    out.name = parsed.name;
  }
  return out;
}

WrittenName read_written_name(std::string_view text) {
  if (text.starts_with('=')) return read_bare_written_name(text.substr(1), NameScope::Self);
  if (text.starts_with("*.")) return read_bare_written_name(text.substr(2), NameScope::Below);
  return read_bare_written_name(text, NameScope::Both);
}

}  // namespace sluice::control
