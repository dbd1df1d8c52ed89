// control/policy: list files of dnsmasq's options.
#include <algorithm>

#include "control/policy/lists/list_formats.h"

namespace sluice::control {
namespace {

constexpr std::string_view kWriteDnsmasq =
    "a list takes address=/example.com/, server=, local=, ipset= and nftset=";

/// Options whose value is `/domain/domain/what becomes of them`.
constexpr std::string_view kOptions[] = {"address", "server", "local", "ipset", "nftset"};

/// A comment begins at the start of a line or behind a blank: `address=/example.com/#` has none.
size_t comment_in(std::string_view line) {
  for (size_t at = line.find('#'); at != line.npos; at = line.find('#', at + 1)) {
    if (at == 0 || ListLines::kBlank.find(line[at - 1]) != ListLines::kBlank.npos) return at;
  }
  return line.npos;
}

void take_domain(std::string_view domain, bool exception, ListLines& lines) {
  if (domain == "#") return lines.leave_out(domain, "is every name", "a network's `default` speaks of them");
  NameScope scope = NameScope::Both;
  if (domain.starts_with("*.")) {
    domain.remove_prefix(2);
    scope = NameScope::Below;
  } else if (domain.starts_with('.')) {
    domain.remove_prefix(1);  // as older ones wrote it
  }
  exception ? lines.take_exception(domain, scope) : lines.take_name(domain, scope);
}

void read_option(std::string_view line, ListLines& lines) {
  const size_t equals = line.find('=');
  const std::string_view option = line.substr(0, line.find_first_of("= \t"));
  if (equals == line.npos || std::ranges::find(kOptions, option) == std::end(kOptions))
    return lines.leave_out(line, "is an option that names no domains", kWriteDnsmasq);
  std::string_view value = line.substr(equals + 1);
  value.remove_prefix(std::min(value.find_first_not_of(ListLines::kBlank), value.size()));
  const size_t last = value.rfind('/');
  if (!value.starts_with('/') || last == 0)
    return lines.leave_out(line, "has no domain between slashes", kWriteDnsmasq);
  // `server=/name/#`: asked as if nothing had been said of the domains around it.
  const bool exception = (option == "server" || option == "local") && value.substr(last + 1) == "#";
  for (size_t at = 1; at <= last;) {
    const size_t end = value.find('/', at);
    take_domain(value.substr(at, end - at), exception, lines);
    at = end + 1;
  }
}

}  // namespace

void read_dnsmasq(ListLines& lines) {
  while (lines.next_line()) {
    lines.cut_line(comment_in(lines.line()));
    const std::string_view line = lines.line();
    const size_t end = line.find_last_not_of(ListLines::kBlank);
    if (end != line.npos) read_option(line.substr(0, end + 1), lines);
  }
}

}  // namespace sluice::control
