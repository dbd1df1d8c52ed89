// control/copies: lines of the log as syslog messages (RFC 5424), framed for TLS (RFC 5425).
#pragma once

#include <string>
#include <string_view>

namespace sluice::control {

/// A name as RFC 5424 6.2.4 wants it: printable ASCII, at most 255 bytes; `-` where nothing is left.
[[nodiscard]] std::string syslog_host(std::string_view name);

/// Appends `LENGTH MESSAGE`. line: without line feed, any bytes: they become the message's MSG as they are.
/// host: see syslog_host.
void append_syslog(std::string& out, std::string_view line, std::string_view host);

}  // namespace sluice::control
