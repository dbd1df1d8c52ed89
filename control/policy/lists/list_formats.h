// control/policy: the readers of list files, one for each ListFormat.
#pragma once

#include "control/policy/lists/list_lines.h"

namespace sluice::control {

void read_names(ListLines& lines);     ///< `name`, `=name` or `*.name` a line; `#` begins a comment
void read_hosts(ListLines& lines);     ///< an address, then names
void read_adblock(ListLines& lines);   ///< what AdBlock's rules say of whole hosts
void read_dnsmasq(ListLines& lines);   ///< the domains of dnsmasq's options
void read_rpz(ListLines& lines);       ///< response policy zones
void read_prefixes(ListLines& lines);  ///< a prefix, an address or a range `a-b` a line

void read_microsoft365(ListLines& lines);  ///< answers of Microsoft's endpoints web service

/// Takes a prefix or an address.
void take_prefix_word(std::string_view word, ListLines& lines);
/// Takes the line, up to a comment, where it begins with an address, as a hosts file's do; returns whether it
/// does.
bool take_hosts_line(ListLines& lines);

}  // namespace sluice::control
