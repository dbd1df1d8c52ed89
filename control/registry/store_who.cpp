// control/registry: who it was.
#include <algorithm>
#include <cstring>

#include "control/registry/store.h"

namespace sluice::control {
namespace {

constexpr unsigned kNoRank = 255;

/// The lower one decides. What is declared in two places has one rank: where they differ, nobody knows.
unsigned rank_of(HoldingSource source) {
  return static_cast<unsigned>(source == HoldingSource::Users ? HoldingSource::Table : source);
}

uint32_t v4_of(const Address& address) {
  uint32_t out;
  std::memcpy(&out, address.bytes.data() + 12, sizeof out);
  return out;
}

/// Which machine the leases and neighbours of one moment say an address is.
struct ToldMac {
  Mac mac = 0;
  bool at_odds = false;
  void add(const Holding& holding) {
    const bool tells = holding.source == HoldingSource::Lease || holding.source == HoldingSource::Neighbour;
    if (!tells || holding.mac == 0) return;
    at_odds = at_odds || (mac != 0 && mac != holding.mac);
    mac = holding.mac;
  }
};

}  // namespace

/// The name that the highest source says; none where that one says two.
class HoldingStore::Choice {
 public:
  void add(const std::string& name, unsigned rank) {
    if (name.empty() || rank > rank_) return;
    several_ = rank == rank_ && (several_ || *name_ != name);
    if (rank < rank_ || name_ == nullptr) name_ = &name;
    rank_ = rank;
  }
  void note_contradiction() { contradicted_ = true; }
  bool any() const { return name_ != nullptr; }
  bool several() const { return several_ || (name_ == nullptr && contradicted_); }
  const std::string* name() const { return several_ ? nullptr : name_; }

 private:
  const std::string* name_ = nullptr;
  unsigned rank_ = kNoRank;
  bool several_ = false, contradicted_ = false;
};

bool HoldingStore::note_sighting(Mac mac, const Address& address, int64_t time_ns) {
  OfMac* const of = mac == 0 ? nullptr : find_mac(mac);
  if (of == nullptr) return mac != 0;  // more machines than can be told apart: none of the others has a name
  if (!address.is_v4()) return of->router_until_ns > time_ns;
  const uint32_t v4 = v4_of(address);
  const auto seen = std::span(of->seen).first(of->seen_count);
  const auto same = std::ranges::find(seen, v4, &OfMac::Seen::v4);
  if (same != seen.end()) {
    same->last_ns = std::max(same->last_ns, time_ns);
  } else if (of->seen_count < kRouterAddresses) {
    of->seen[of->seen_count++] = {v4, time_ns};
  } else if (const auto oldest = std::ranges::min_element(seen, {}, &OfMac::Seen::last_ns);
             oldest->last_ns < time_ns - kRouterWindowNs) {
    *oldest = {v4, time_ns};
  } else {
    of->router_until_ns = std::max(of->router_until_ns, time_ns + kRouterHoldsNs);
  }
  return of->router_until_ns > time_ns;
}

bool HoldingStore::is_router(Mac mac, int64_t at_ns) const {
  const auto found = macs_.find(mac);
  return found != macs_.end() && found->second.router_until_ns > at_ns;
}

/// What is known of a machine, and, where that says no user, of its other addresses. confirmed: the address
/// asked for is surely the machine's own.
void HoldingStore::ask_mac(const Asked& asked, Mac mac, bool confirmed, Choice& users,
                           Choice& machines) const {
  const auto found = macs_.find(mac);
  if (found == macs_.end() || found->second.router_until_ns > asked.time_ns) return;
  for (const Holding& each : found->second.holdings) {
    if (!each.holds(asked.time_ns)) continue;
    users.add(each.user, rank_of(each.source));
    machines.add(each.machine, rank_of(each.source));
  }
  if (!confirmed || users.any()) return;
  Choice theirs;
  for (const Address& address : found->second.addresses) {
    const Holdings* const holdings = address == asked.address ? nullptr : find_holdings({address, 0});
    if (holdings == nullptr) continue;
    bool own = false, anothers = false;
    for (const Holding& each : *holdings) {
      own = own || (each.holds(asked.time_ns) && each.mac == mac);
      anothers = anothers || (each.holds(asked.time_ns) && each.mac != 0 && each.mac != mac);
    }
    if (!own || anothers) continue;
    for (const Holding& each : *holdings) {
      if (!each.holds(asked.time_ns)) continue;
      // All its addresses weigh the same: an older one may be somebody else's by now.
      theirs.add(each.user, 0);
      machines.add(each.machine, rank_of(each.source));
    }
  }
  if (theirs.several()) {
    users.note_contradiction();
  } else if (theirs.any()) {
    users.add(*theirs.name(), 0);
  }
}

void HoldingStore::who(const Asked& asked, Who& out) {
  out.clear();
  const bool router = asked.mac != 0 && note_sighting(asked.mac, asked.address, asked.time_ns);
  const Mac seen = router ? 0 : asked.mac;
  const Holdings* const holdings = find_holdings({asked.address, 0});
  ToldMac told;
  if (holdings != nullptr)
    for (const Holding& each : *holdings)
      if (each.holds(asked.time_ns)) told.add(each);
  const Mac mac = seen != 0 ? seen : told.at_odds ? 0 : told.mac;
  Choice users, machines;
  if (holdings != nullptr) {
    for (const Holding& each : *holdings) {
      if (!each.holds(asked.time_ns)) continue;
      // It is about another machine than the one that is there.
      if (each.mac != 0 && (mac != 0 ? each.mac != mac : told.at_odds)) {
        if (!each.user.empty()) users.note_contradiction();
        continue;
      }
      users.add(each.user, rank_of(each.source));
      machines.add(each.machine, rank_of(each.source));
    }
  }
  if (mac != 0 && (!users.any() || !machines.any())) {
    const bool confirmed = !asked.address.is_v4() || (!told.at_odds && told.mac == mac);
    Choice of_machine;
    ask_mac(asked, mac, confirmed, users.any() ? of_machine : users, machines.any() ? of_machine : machines);
  }
  if (const std::string* const machine = machines.name()) out.machine = *machine;
  if (asked.shared) {
    out.why = NoUser::Shared;
  } else if (const std::string* const user = users.name()) {
    out.user = *user;
    out.why = NoUser::Known;
  } else {
    out.why = users.several() ? NoUser::Ambiguous : NoUser::None;
  }
}

}  // namespace sluice::control
