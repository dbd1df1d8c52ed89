// control/policy: the URLs in a policy.
#include "control/policy/feed_url.h"

#include <algorithm>
#include <charconv>

#include "control/policy/prefix.h"

namespace sluice::control {
namespace {

constexpr size_t kMaxHost = 253;

/// `scheme://user@host:port/path?query` cut into views.
struct UrlParts {
  std::string_view scheme, user, host, port, path, query;
};

UrlParts cut_url(std::string_view url) {
  UrlParts out;
  const size_t colon = std::min(url.find("://"), url.size());
  out.scheme = url.substr(0, colon);
  std::string_view rest = url.substr(std::min(colon + 3, url.size()));
  const size_t end = std::min(rest.find_first_of("/?"), rest.size());
  std::string_view authority = rest.substr(0, end);
  rest.remove_prefix(end);
  const size_t question = std::min(rest.find('?'), rest.size());
  out.path = rest.substr(0, question);
  out.query = rest.substr(question);
  if (const size_t at = authority.rfind('@'); at != authority.npos) {
    out.user = authority.substr(0, at + 1);
    authority.remove_prefix(at + 1);
  }
  const size_t bracket = authority.find(']');
  const size_t port = authority.find(':', bracket == authority.npos ? 0 : bracket);
  out.host = authority.substr(0, port);
  if (port != authority.npos) out.port = authority.substr(port);
  return out;
}

bool is_ipv6(std::string_view text) {
  Address ignored;
  return text.find(':') != text.npos && parse_address(text, ignored);
}

/// A host as a URL has it, or is_host's but for an IPv6 address without brackets.
bool is_url_host(std::string_view host) {
  if (host.starts_with('[')) return host.ends_with(']') && is_ipv6(host.substr(1, host.size() - 2));
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_';
  };
  return !host.empty() && host.size() <= kMaxHost && std::ranges::all_of(host, allowed) &&
         host.front() != '-' && host.front() != '.' && host.find("..") == host.npos;
}

/// `:443`, or nothing.
bool is_port(std::string_view port) {
  if (port.empty()) return true;
  uint16_t number = 0;
  const auto [end, error] = std::from_chars(port.data() + 1, port.data() + port.size(), number);
  return error == std::errc{} && end == port.data() + port.size() && number != 0;
}

}  // namespace

std::string_view url_problem(std::string_view text) {
  if (text.empty()) return "is empty";
  if (text.size() > kMaxUrlBytes) return "is longer than 2000 bytes";
  static_assert(kMaxUrlBytes == 2000, "the message says so");
  const auto refused = [](char c) {
    return c <= ' ' || c >= 0x7f || std::string_view("\"<>\\^`{|}").find(c) != std::string_view::npos;
  };
  if (std::ranges::any_of(text, refused)) return "has a character that no URL has";
  if (text.find('#') != text.npos) return "has a fragment";
  const UrlParts parts = cut_url(text);
  if (parts.scheme != "http" && parts.scheme != "https") return "does not begin with http:// or https://";
  if (!is_url_host(parts.host)) return "has no valid host";
  if (!is_port(parts.port)) return "has no valid port";
  return {};
}

std::string shown_url(std::string_view url) {
  const UrlParts parts = cut_url(url);
  std::string out;
  for (const std::string_view part :
       {parts.scheme, std::string_view("://"), parts.host, parts.port, parts.path}) {
    out += part;
  }
  return parts.query.empty() ? out : out + "?...";
}

std::string_view file_of_url(std::string_view url) {
  const std::string_view path = cut_url(url).path;
  return path.substr(path.rfind('/') == path.npos ? 0 : path.rfind('/') + 1);
}

bool is_host(std::string_view text) {
  return is_url_host(text) || is_ipv6(text);
}

std::optional<Endpoint> parse_endpoint(std::string_view text, std::string_view scheme) {
  const UrlParts parts = cut_url(text);
  if (parts.scheme != scheme || !parts.user.empty() || !is_url_host(parts.host) || !is_port(parts.port) ||
      !parts.path.empty() || !parts.query.empty() || text.size() > kMaxUrlBytes) {
    return std::nullopt;
  }
  Endpoint out{std::string(parts.host), 0};
  if (out.host.starts_with('[')) out.host = out.host.substr(1, out.host.size() - 2);
  if (!parts.port.empty())
    std::from_chars(parts.port.data() + 1, parts.port.data() + parts.port.size(), out.port);
  return out;
}

}  // namespace sluice::control
