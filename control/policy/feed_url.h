// control/policy: the URLs in a policy.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::control {

inline constexpr size_t kMaxUrlBytes = 2000;

/// What is wrong with text as the URL of a feed; empty where it is one: http or https, a host name or an
/// address, a port perhaps, printable ASCII. Never quotes the text: it may hold a password.
[[nodiscard]] std::string_view url_problem(std::string_view text);

/// A URL without fragment as people may see it: without user and password, and with `?...` for a query, which
/// often holds a key.
[[nodiscard]] std::string shown_url(std::string_view url);

/// The last part of its path; may be empty.
[[nodiscard]] std::string_view file_of_url(std::string_view url);

/// A host name or an address, IPv6 with or without brackets.
[[nodiscard]] bool is_host(std::string_view text);

struct Endpoint {
  std::string host;   ///< IPv6 without brackets
  uint16_t port = 0;  ///< 0: none was given
};
/// `SCHEME://HOST` or `SCHEME://HOST:PORT`; nothing where text is neither.
[[nodiscard]] std::optional<Endpoint> parse_endpoint(std::string_view text, std::string_view scheme);

}  // namespace sluice::control
