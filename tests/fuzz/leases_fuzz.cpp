// tests: what a DHCP server, or whoever writes in its place, may have written: nothing is made up, whatever
// is cut off.
#include <cstdlib>
#include <string>

#include "control/registry/table.h"

using namespace sluice::control;

/// The first byte chooses the format, one beyond them is the table; the rest is the file.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const size_t format = data[0] % (kLeaseFormatWords.size() + 1);
  if (format == kLeaseFormatWords.size()) {
    const TableFile table = read_table(text, TimeZone(), 0);
    for (const SaidHolding& each : table.said)
      if (each.holding.user.empty() && each.holding.machine.empty()) std::abort();
    return 0;
  }
  const LeaseReading reading{1'795'406'706'000'000'000, 691'200'000'000'000, TimeZone()};
  LeaseFile file = read_leases(static_cast<LeaseFormat>(format), text, reading);
  for (const SaidHolding& each : lease_periods(std::move(file.events), 3)) {
    const Holding& one = each.holding;
    if (one.from_ns > one.until_ns || one.source != HoldingSource::Lease || one.origin != 3 ||
        each.key.is_mac() || one.machine.size() > kMaxIdentityName || (one.mac == 0 && one.machine.empty()))
      std::abort();
  }
  return 0;
}
