// control/search: the fields of a line that can be asked for.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::control {

/// Views into a line; each empty where the line has no such text. A text with escapes is unescaped by
/// field_text.
struct LineFields {
  std::string_view time, end, action, kind, source_ip, user, destination_ip, domain, rule;
  uint64_t count = 1;  ///< accesses that the line stands for
};

/// Reads them out of one JSON object, wherever in it they stand. Returns false where line is none; what
/// stands deeper than two levels, or twice, is passed over: the first one counts.
[[nodiscard]] bool read_fields(std::string_view line, LineFields& out);

/// A field without JSON's escapes; what is no valid escape stays as it is.
[[nodiscard]] std::string field_text(std::string_view field);

}  // namespace sluice::control
