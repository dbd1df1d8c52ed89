// control/registry: what the formats of leases share, and what their events come to.
#include "control/registry/leases.h"

#include <algorithm>
#include <charconv>

namespace sluice::control {

void ReadProblems::add(uint64_t line, std::string_view what) {
  ++count;
  if (said.size() < kMaxReadProblems)
    said.push_back("line " + std::to_string(line) + ": " + std::string(what));
}

std::string_view next_word(std::string_view& text) {
  constexpr std::string_view kBlanks = " \t";
  text.remove_prefix(std::min(text.find_first_not_of(kBlanks), text.size()));
  const size_t end = std::min(text.find_first_of(kBlanks), text.size());
  const std::string_view out = text.substr(0, end);
  text.remove_prefix(end);
  return out;
}

std::string_view next_field(std::string_view& text) {
  const size_t end = std::min(text.find(','), text.size());
  const std::string_view out = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return out;
}

bool read_seconds(std::string_view text, int64_t& out) {
  constexpr int64_t kMost = INT64_MAX / kLeaseSecondNs;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc{} && end == text.data() + text.size() && out >= 0 && out <= kMost;
}

int64_t believed_end(int64_t let_ns, int64_t until_ns, const LeaseReading& reading) {
  int64_t most = 0;
  if (__builtin_add_overflow(let_ns, reading.max_age_ns, &most)) most = INT64_MAX;
  return std::min(until_ns, most);
}

LeaseFile read_leases(LeaseFormat format, std::string_view text, const LeaseReading& reading) {
  LeaseFile out;
  switch (format) {
    case LeaseFormat::Dnsmasq:
      read_dnsmasq(text, reading, out);
      break;
    case LeaseFormat::Kea:
      read_kea(text, reading, out);
      break;
    case LeaseFormat::Dhcpd:
      read_dhcpd(text, reading, out);
      break;
    case LeaseFormat::Windows:
      read_windows(text, reading, out);
      break;
  }
  if (out.events.size() > kMaxLeaseEvents) {
    out.problems.add(0, "more than " + std::to_string(kMaxLeaseEvents) + " leases: the rest is left out");
    out.events.resize(kMaxLeaseEvents);
    out.cut = true;
  }
  for (LeaseEvent& each : out.events)
    if (each.machine.size() > kMaxIdentityName) each.machine.clear();
  return out;
}

std::vector<SaidHolding> lease_periods(std::vector<LeaseEvent> events, uint8_t origin) {
  std::ranges::stable_sort(events, [](const LeaseEvent& one, const LeaseEvent& other) {
    return one.address != other.address ? one.address < other.address : one.time_ns < other.time_ns;
  });
  std::vector<SaidHolding> out;
  for (LeaseEvent& each : events) {
    const bool known = !out.empty() && out.back().key.address == each.address;
    Holding* const before = known ? &out.back().holding : nullptr;
    if (!each.let) {
      if (before != nullptr && (each.mac == 0 || each.mac == before->mac))
        before->until_ns = std::clamp(each.time_ns, before->from_ns, before->until_ns);
      continue;
    }
    if (each.until_ns <= each.time_ns) continue;
    if (before != nullptr && before->mac == each.mac && before->machine == each.machine &&
        each.time_ns <= before->until_ns) {
      before->until_ns = each.until_ns;
      continue;
    }
    if (before != nullptr) before->until_ns = std::min(before->until_ns, each.time_ns);
    SaidHolding period{{each.address, 0}, {}, each.time_said};
    period.holding.from_ns = each.time_ns;
    period.holding.until_ns = each.until_ns;
    period.holding.mac = each.mac;
    period.holding.machine = std::move(each.machine);
    period.holding.source = HoldingSource::Lease;
    period.holding.origin = origin;
    if (period.holding.mac != 0 || !period.holding.machine.empty()) out.push_back(std::move(period));
  }
  return out;
}

}  // namespace sluice::control
