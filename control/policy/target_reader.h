// control/policy: reads whom a policy sends something to: URLs, mail servers, addresses.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "control/policy/feed_url.h"
#include "control/policy/field_reader.h"

namespace sluice::control {

// Each reports a value that is none at its place, and says instead what would be right.

/// `https://…`, else an empty text. Never shown: it may hold a password.
[[nodiscard]] std::string read_https_url(const YamlNode& node, std::string_view key, std::string_view instead,
                                         Report& report);
/// `SCHEME://HOST` or `SCHEME://HOST:PORT`. Never shown: somebody may have put a password there.
[[nodiscard]] std::optional<Endpoint> read_endpoint(const YamlNode& node, std::string_view key,
                                                    std::string_view scheme, std::string_view instead,
                                                    Report& report);
/// A path from the root, else an empty text.
[[nodiscard]] std::string read_path(const YamlNode& node, std::string_view key, Report& report);
/// A mail address, else an empty text.
[[nodiscard]] std::string read_mail_address(const YamlNode& node, std::string_view key, Report& report);

}  // namespace sluice::control
