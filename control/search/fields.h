// control/search: the fields of a line that can be asked for.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::control {

/// Views into a line; each empty where the line has no such text. A text with escapes is unescaped by
/// field_text.
struct LineFields {
  /// source_ip, destination_ip: an address, or the pseudonym that stands for it.
  std::string_view time, end, action, kind, source_ip, user, destination_ip, domain, rule;
  uint64_t count = 1;  ///< accesses that the line stands for
};

/// Reads them out of one JSON object, wherever in it they stand. Returns false where line is none; what
/// stands deeper than two levels (but for a VLAN's id), or twice, is passed over: the first one counts.
[[nodiscard]] bool read_fields(std::string_view line, LineFields& out);

/// All that a line says of an access or of a flow's end. Empty, or 0, where it does not say it.
struct AccessFields : LineFields {
  std::string_view id, reason;
  std::string_view transport, protocol, vlan, direction;  ///< of `network`
  std::string_view mac, list;
  std::string_view network, line, seen, would, ended, access, folded;  ///< of `sluice`
  uint64_t source_port = 0, destination_port = 0, source_bytes = 0, destination_bytes = 0;
  uint64_t duration_ns = 0, ttl = 0;
};
/// Reads them as read_fields does.
[[nodiscard]] bool read_access(std::string_view line, AccessFields& out);

/// A field without JSON's escapes; what is no valid escape stays as it is.
[[nodiscard]] std::string field_text(std::string_view field);

}  // namespace sluice::control
