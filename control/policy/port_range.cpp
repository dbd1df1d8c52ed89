// control/policy: ranges of ports as text.
#include "control/policy/port_range.h"

#include <charconv>

namespace sluice::control {

bool parse_port_range(std::string_view text, uint16_t& first, uint16_t& last) {
  const char* const end = text.data() + text.size();
  auto [at, error] = std::from_chars(text.data(), end, first);
  if (error != std::errc{} || first == 0) return false;
  last = first;
  if (at == end) return true;
  if (*at != '-') return false;
  auto [rest, second_error] = std::from_chars(at + 1, end, last);
  return second_error == std::errc{} && rest == end && last >= first;
}

}  // namespace sluice::control
