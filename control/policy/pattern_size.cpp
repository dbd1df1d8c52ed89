// control/policy: how large a regular expression becomes when its counted repeats are written out.
#include "control/policy/pattern_size.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <vector>

namespace sluice::control {
namespace {

/// Reads `{n}`, `{n,}` or `{n,m}` at the start of text. Returns its bytes, or 0 where there is none.
size_t read_repeat(std::string_view text, size_t& times) {
  const size_t end = text.find('}');
  if (!text.starts_with('{') || end == text.npos) return 0;
  const std::string_view inside = text.substr(1, end - 1);
  if (inside.empty() || inside.find_first_not_of("0123456789,") != inside.npos) return 0;
  times = 1;
  for (size_t at = 0; at < inside.size();) {
    const size_t comma = std::min(inside.find(',', at), inside.size());
    uint32_t number = 0;
    const auto [stop, error] = std::from_chars(inside.data() + at, inside.data() + comma, number);
    if (error == std::errc::result_out_of_range) number = UINT32_MAX;
    times = std::max<size_t>(times, number);
    at = comma + 1;
  }
  return end + 1;
}

/// Bytes of the class `[...]` at the start of text.
size_t class_bytes(std::string_view text) {
  size_t at = 1;
  if (at < text.size() && text[at] == '^') ++at;
  if (at < text.size() && text[at] == ']') ++at;  // a bracket that comes first is a member
  while (at < text.size() && text[at] != ']') at += text[at] == '\\' ? 2 : 1;
  return std::min(at + 1, text.size());
}

}  // namespace

size_t written_out_size(std::string_view text) {
  constexpr size_t kEnough = kMaxPatternSize + 1;  // keeps the products small
  std::vector<size_t> groups{0};                   // the size of each open group, before its last atom
  size_t atom = 0;
  const auto begin_atom = [&](size_t size) {
    groups.back() = std::min(groups.back() + atom, kEnough);
    atom = size;
  };
  for (size_t at = 0; at < text.size();) {
    size_t times = 1;
    const char c = text[at];
    if (const size_t bytes = read_repeat(text.substr(at), times); bytes > 0) {
      atom = std::min(atom * std::min(times, kEnough), kEnough);
      at += bytes;
    } else if (c == '(') {
      begin_atom(0);
      groups.push_back(0);
      at += text.substr(at).starts_with("(?:") ? 3 : 1;
    } else if (c == ')' && groups.size() > 1) {
      begin_atom(0);
      atom = groups.back();
      groups.pop_back();
      ++at;
    } else {
      begin_atom(1);
      at += c == '[' ? class_bytes(text.substr(at)) : c == '\\' ? 2 : 1;
    }
  }
  while (groups.size() > 1) {
    begin_atom(0);
    atom = groups.back();
    groups.pop_back();
  }
  return std::min(groups.back() + atom, kEnough);
}

}  // namespace sluice::control
