// control/registry: dnsmasq's file: what is let now, anew with each change.
#include "control/policy/prefix.h"
#include "control/registry/leases.h"

namespace sluice::control {

void read_dnsmasq(std::string_view text, const LeaseReading& reading, LeaseFile& out) {
  for_each_line(text, out.cut, [&](uint64_t line, std::string_view rest) {
    const std::string_view expiry = next_word(rest), hardware = next_word(rest), address = next_word(rest),
                           machine = next_word(rest);
    if (expiry.empty() || expiry == "duid") return;  // the server's own, before the leases of IPv6
    LeaseEvent event;
    int64_t until_s = 0;
    if (!read_seconds(expiry, until_s)) return out.problems.add(line, "begins with no time");
    if (!parse_address(address, event.address)) return out.problems.add(line, "has no address");
    // Of IPv6 the second word is an association's number, and who has it is told by a DUID, which need not be
    // this machine's own. A kind of hardware that is not Ethernet stands before a dash.
    if (event.address.is_v4()) event.mac = parse_mac(hardware).value_or(0);
    if (machine != "*") event.machine = machine;
    event.time_ns = reading.written_ns;
    event.time_said = false;
    const int64_t until_ns = until_s == 0 ? INT64_MAX : until_s * kLeaseSecondNs;
    event.until_ns = believed_end(reading.written_ns, until_ns, reading);
    out.events.push_back(std::move(event));
  });
}

}  // namespace sluice::control
