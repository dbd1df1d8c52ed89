// control/policy: host names as a policy and its lists write them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sluice::control {

/// What an entry of a list covers.
enum class NameScope : uint8_t {
  Both,   ///< `name`: itself and every name below it
  Self,   ///< `=name`: that very name
  Below,  ///< `*.name`: every name below it, not itself
};

enum class NameError : uint8_t {
  None,
  Empty,
  NotAscii,  ///< see written_name.h
  Star,      ///< see written_name.h
  IsAddress,
  Character,
  EmptyLabel,
  LongLabel,
  TooLong
};

struct ParsedName {
  NameError error = NameError::None;
  NameScope scope = NameScope::Both;
  std::string_view name;  ///< canonical: lower case, no final dot; a view into the text
};

/// Parses `name`, `=name` or `*.name` and brings it into lower case in place.
/// Letters, digits, `-` and `_`; labels of 1..63 bytes; at most kMaxName bytes (RFC 1035 2.3.4); not an
/// address.
ParsedName parse_host_name(char* text, size_t size);

/// The same for a name without `=` or `*.` before it; its scope is Both.
ParsedName parse_bare_name(char* text, size_t size);

/// The two halves of the message for an error: what is wrong, and what would be right.
std::string_view what_of(NameError error);
std::string_view instead_of(NameError error);

}  // namespace sluice::control
