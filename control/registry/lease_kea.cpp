// control/registry: Kea's memfile: a row for each thing that happened to a lease, under a head.
#include <algorithm>
#include <array>

#include "control/policy/prefix.h"
#include "control/registry/leases.h"

namespace sluice::control {
namespace {

enum KeaColumn : size_t {
  kKeaAddress,
  kKeaHardware,
  kKeaLifetime,
  kKeaExpire,
  kKeaHostname,
  kKeaState,
  kKeaLeaseType,
  kKeaColumns
};
constexpr std::array<std::string_view, kKeaColumns> kKeaHeads = {
    "address", "hwaddr", "valid_lifetime", "expire", "hostname", "state", "lease_type"};
constexpr size_t kMostKeaFields = 64;

/// Where each column stands; kMostKeaFields: nowhere.
using KeaPlaces = std::array<size_t, kKeaColumns>;

bool read_kea_head(std::string_view line, KeaPlaces& places) {
  places.fill(kMostKeaFields);
  for (size_t at = 0; at < kMostKeaFields && !line.empty(); ++at) {
    const std::string_view field = next_field(line);
    const auto* const known = std::ranges::find(kKeaHeads, field);
    if (known != kKeaHeads.end()) places[static_cast<size_t>(known - kKeaHeads.begin())] = at;
  }
  return places[kKeaAddress] != kMostKeaFields && places[kKeaLifetime] != kMostKeaFields &&
         places[kKeaExpire] != kMostKeaFields;
}

/// A comma in a value stands as `&#x2c`.
std::string kea_text(std::string_view text) {
  constexpr std::string_view kComma = "&#x2c";
  std::string out(text);
  for (size_t at = 0; (at = out.find(kComma, at)) != std::string::npos; ++at)
    out.replace(at, kComma.size(), ",");
  return out;
}

void read_kea_row(std::string_view row, uint64_t line, const KeaPlaces& places, const LeaseReading& reading,
                  LeaseFile& out) {
  constexpr std::string_view kDeclined = "1", kPrefixes = "2";
  std::array<std::string_view, kKeaColumns> values;
  for (size_t at = 0; at < kMostKeaFields && !row.empty(); ++at) {
    const std::string_view field = next_field(row);
    for (size_t column = 0; column < kKeaColumns; ++column)
      if (places[column] == at) values[column] = field;
  }
  LeaseEvent event;
  int64_t lifetime_s = 0, expire_s = 0;
  if (!parse_address(values[kKeaAddress], event.address)) return out.problems.add(line, "has no address");
  if (!read_seconds(values[kKeaExpire], expire_s) || !read_seconds(values[kKeaLifetime], lifetime_s) ||
      lifetime_s > expire_s)
    return out.problems.add(line, "does not say how long its lease holds");
  if (values[kKeaLeaseType] == kPrefixes) return;  // a delegated prefix is no machine's address
  event.mac = parse_mac(values[kKeaHardware]).value_or(0);
  event.machine = kea_text(values[kKeaHostname]);
  if (event.machine.ends_with('.')) event.machine.pop_back();
  event.time_ns = (expire_s - lifetime_s) * kLeaseSecondNs;
  event.until_ns = believed_end(event.time_ns, expire_s * kLeaseSecondNs, reading);
  event.let = lifetime_s != 0 && (values[kKeaState].empty() || values[kKeaState] == "0");
  if (!event.let) {
    event.mac = 0;
    if (lifetime_s != 0 && values[kKeaState] != kDeclined) event.time_ns = expire_s * kLeaseSecondNs;
  }
  out.events.push_back(std::move(event));
}

}  // namespace

void read_kea(std::string_view text, const LeaseReading& reading, LeaseFile& out) {
  KeaPlaces places;
  bool headed = false, broken = false;
  for_each_line(text, out.cut, [&](uint64_t line, std::string_view row) {
    if (row.empty() || broken) return;
    if (!headed) {
      headed = read_kea_head(row, places);
      broken = !headed;
      if (broken) out.problems.add(line, "is no head with address, valid_lifetime and expire");
      return;
    }
    read_kea_row(row, line, places, reading, out);
  });
  out.cut = out.cut || broken || !headed;
}

}  // namespace sluice::control
