// control/policy: list files as /etc/hosts is written.
#include <algorithm>

#include "control/policy/lists/list_formats.h"

namespace sluice::control {
namespace {

/// What every hosts file says of the machine itself.
constexpr std::string_view kOwnNames[] = {"localhost",     "localhost.localdomain", "local",
                                          "broadcasthost", "ip6-localhost",         "ip6-loopback",
                                          "0.0.0.0",       "ip6-localnet",          "ip6-mcastprefix",
                                          "ip6-allnodes",  "ip6-allrouters",        "ip6-allhosts"};

}  // namespace

bool take_hosts_line(ListLines& lines) {
  const std::string_view first = lines.line().substr(0, lines.line().find_first_of(ListLines::kBlank));
  Address address;
  // The zone of a link-local address (fe80::1%lo0) says nothing here.
  if (!parse_address(first.substr(0, first.find('%')), address)) return false;
  lines.cut_line(lines.line().find('#'));
  lines.next_word();
  std::string_view word = lines.next_word();
  if (word.empty()) lines.leave_out(first, "is an address without a name", "write 0.0.0.0 example.com");
  for (; !word.empty(); word = lines.next_word()) {
    if (std::ranges::find(kOwnNames, word) == std::end(kOwnNames)) lines.take_name(word);
  }
  return true;
}

void read_hosts(ListLines& lines) {
  while (lines.next_line()) {
    lines.cut_line(lines.line().find('#'));
    if (lines.line().empty() || take_hosts_line(lines)) continue;
    lines.leave_out(lines.next_word(), "is not an address", "write 0.0.0.0 example.com, or format: names");
  }
}

}  // namespace sluice::control
