// control/policy: list files of one prefix, address or range of addresses a line.
#include <bit>
#include <optional>

#include "control/policy/lists/list_formats.h"

namespace sluice::control {
namespace {

constexpr std::string_view kWritePrefixes = "write 192.0.2.0/24, 2001:db8::/32 or 192.0.2.1-192.0.2.9";

/// Zero bits at the end of an address.
int zeros_behind(const Address& address) {
  int zeros = 0;
  for (size_t i = address.bytes.size(); i-- > 0; zeros += 8) {
    if (address.bytes[i] != 0) return zeros + std::countr_zero(address.bytes[i]);
  }
  return zeros;
}

std::optional<Address> next_after(Address address) {
  for (size_t i = address.bytes.size(); i-- > 0;) {
    if (++address.bytes[i] != 0) return address;
  }
  return std::nullopt;
}

/// The fewest prefixes that make up the range.
void take_range(const Address& first, const Address& last, std::string_view word, ListLines& lines) {
  std::optional<Address> at = first;
  const int shortest = first.is_v4() ? kV4Offset : 0;
  while (at && !(last < *at) && !lines.failed()) {
    Prefix prefix{*at, 128};
    for (int length = 128 - zeros_behind(*at); length < 128; ++length) {
      if (length < shortest) continue;
      prefix.length = static_cast<uint8_t>(length);
      if (!(last < last_of(prefix))) break;
      prefix.length = 128;
    }
    lines.take_prefix(prefix, word);
    at = next_after(last_of(prefix));
  }
}

/// The end of a range, without the blanks that may stand around its dash.
bool parse_end(std::string_view text, Address& out) {
  const size_t begin = text.find_first_not_of(ListLines::kBlank);
  if (begin == text.npos) return false;
  return parse_address(text.substr(begin, text.find_last_not_of(ListLines::kBlank) - begin + 1), out);
}

void take_range(std::string_view word, size_t dash, ListLines& lines) {
  Address first, last;
  if (!parse_end(word.substr(0, dash), first) || !parse_end(word.substr(dash + 1), last))
    return lines.leave_out(word, "is no range of addresses", kWritePrefixes);
  if (first.is_v4() != last.is_v4())
    return lines.leave_out(word, "begins and ends in different families", kWritePrefixes);
  if (last < first) return lines.leave_out(word, "ends before it begins", kWritePrefixes);
  take_range(first, last, word, lines);
}

}  // namespace

void take_prefix_word(std::string_view word, ListLines& lines) {
  Prefix prefix;
  switch (parse_prefix(word, prefix)) {
    case PrefixError::HostBits:
      lines.doubt(word, "has host bits set", "it is read as " + to_string(prefix));
      [[fallthrough]];
    case PrefixError::None:
      return lines.take_prefix(prefix, word);
    case PrefixError::NotAnAddress:
      return lines.leave_out(word, "is not a prefix", kWritePrefixes);
    case PrefixError::BadLength:
      return lines.leave_out(word, "has no valid length", "write /1 to /32 for IPv4, /1 to /128 for IPv6");
    case PrefixError::Mapped:
      return lines.leave_out(word, "is IPv4 written as IPv6", "write it as IPv4");
  }
}

void read_prefixes(ListLines& lines) {
  while (lines.next_line()) {
    lines.cut_line(lines.line().find_first_of("#;"));
    const std::string_view line = lines.line();
    if (line.empty()) continue;
    if (const size_t dash = line.find('-'); dash != line.npos) {
      take_range(line, dash, lines);
      continue;
    }
    const std::string_view word = lines.next_word();
    if (const std::string_view second = lines.next_word(); !second.empty()) {
      lines.leave_out(second, "is a second word in its line", kWritePrefixes);
    } else {
      take_prefix_word(word, lines);
    }
  }
}

}  // namespace sluice::control
