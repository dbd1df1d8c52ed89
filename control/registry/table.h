// control/registry: the table of people and machines that somebody keeps by hand.
#pragma once

#include <string_view>
#include <vector>

#include "control/policy/time_zone.h"
#include "control/registry/leases.h"

namespace sluice::control {

struct TableFile {
  std::vector<SaidHolding> said;
  ReadProblems problems;
};

/// Reads CSV (RFC 4180): an address or a hardware address, user, machine, from, until; only the first must be
/// there, beside a user or a machine. A first row that begins with `address` is a head; one that begins with
/// `#` says nothing. Times as in `@timestamp`, or 2026-11-23 and 2026-11-23T08:00 by zone's clocks; a day of
/// `until` is included. unsaid_ns: since when what does not say so holds.
[[nodiscard]] TableFile read_table(std::string_view text, const TimeZone& zone, int64_t unsaid_ns);

}  // namespace sluice::control
