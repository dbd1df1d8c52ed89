// control/registry: keeps holdings.
#include "control/registry/store.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <utility>

namespace sluice::control {
namespace {

/// Of these the newer one ends the older: an address is let, or answers, for one machine at a time, and who
/// binds it again says so.
bool supersedes(HoldingSource source) {
  return source == HoldingSource::Api || source == HoldingSource::Lease || source == HoldingSource::Neighbour;
}

bool says_otherwise(const Holding& one, const Holding& other) {
  return one.source == other.source &&
         (one.mac != other.mac || one.user != other.user || one.machine != other.machine);
}

/// A machine that renames itself is the same.
bool ends(const Holding& newer, const Holding& older) {
  return supersedes(newer.source) && says_otherwise(newer, older);
}

/// Whether said is what was said before as known. A server may have forgotten when a lease began.
bool goes_on(const Holding& known, const SaidHolding& said, int64_t now_ns) {
  if (!said.from_said) return known.until_ns > now_ns;
  if (known.source != HoldingSource::Lease) return known.from_ns == said.holding.from_ns;
  return said.holding.from_ns <= known.until_ns && known.from_ns <= said.holding.until_ns;
}

}  // namespace

size_t HoldingStore::AddressHash::operator()(const Address& address) const {
  return XXH3_64bits_withSeed(address.bytes.data(), address.bytes.size(), seed);
}

HoldingStore::Holdings* HoldingStore::holdings_of(const HoldingKey& key) {
  if (!key.is_mac()) return &addresses_[key.address];
  OfMac* const found = find_mac(key.mac);
  return found == nullptr ? nullptr : &found->holdings;
}

const HoldingStore::Holdings* HoldingStore::find_holdings(const HoldingKey& key) const {
  if (key.is_mac()) {
    const auto found = macs_.find(key.mac);
    return found == macs_.end() ? nullptr : &found->second.holdings;
  }
  const auto found = addresses_.find(key.address);
  return found == addresses_.end() ? nullptr : &found->second;
}

/// nullptr where there is no room for a new one.
HoldingStore::OfMac* HoldingStore::find_mac(Mac mac) {
  const auto found = macs_.find(mac);
  if (found != macs_.end()) return &found->second;
  return macs_.size() < kMaxMacs ? &macs_[mac] : nullptr;
}

Refused HoldingStore::check(const HoldingKey& key, const Holding& holding, int64_t now_ns) const {
  // Who writes a table may know what is to come.
  if (holding.source != HoldingSource::Table && holding.from_ns > now_ns + kClockSlackNs)
    return Refused::Future;
  if (holding.until_ns < holding.from_ns) return Refused::Backwards;
  if (holding.user.size() > kMaxIdentityName || holding.machine.size() > kMaxIdentityName)
    return Refused::LongName;
  if (holding.user.empty() && holding.machine.empty() && (holding.mac == 0 || key.is_mac()))
    return Refused::Nothing;
  return Refused::No;
}

void HoldingStore::erase(Holdings& holdings, size_t at) {
  --held_[static_cast<size_t>(holdings[at].source)];
  --size_;
  holdings.erase(holdings.begin() + static_cast<ptrdiff_t>(at));
}

/// What ended first goes first.
bool HoldingStore::make_room(Holdings& holdings, int64_t now_ns) {
  if (size_ >= kMaxHoldings) return false;
  if (holdings.size() < kMaxHoldingsOfOne) return true;
  const auto first = std::ranges::min_element(holdings, {}, &Holding::until_ns);
  if (first->until_ns > now_ns) return false;
  erase(holdings, static_cast<size_t>(first - holdings.begin()));
  return true;
}

void HoldingStore::note_owner(const HoldingKey& key, Mac mac) {
  if (key.is_mac() || mac == 0) return;
  OfMac* const owner = find_mac(mac);
  if (owner == nullptr || std::ranges::find(owner->addresses, key.address) != owner->addresses.end()) return;
  if (owner->addresses.size() >= kMaxHoldingsOfOne) owner->addresses.erase(owner->addresses.begin());
  owner->addresses.push_back(key.address);
}

Refused HoldingStore::insert(const HoldingKey& key, Holding holding, int64_t now_ns) {
  Holdings* const holdings = holdings_of(key);
  if (holdings == nullptr) return Refused::Full;
  for (Holding& each : *holdings) {
    if (ends(holding, each)) {
      if (each.from_ns < holding.from_ns) {
        each.until_ns = std::min(each.until_ns, holding.from_ns);
      } else if (each.from_ns > holding.from_ns) {
        holding.until_ns = std::min(holding.until_ns, each.from_ns);
      }
    }
  }
  if (!make_room(*holdings, now_ns)) return Refused::Full;
  note_owner(key, holding.mac);
  ++held_[static_cast<size_t>(holding.source)];
  ++size_;
  const auto place = std::ranges::upper_bound(*holdings, holding.from_ns, {}, &Holding::from_ns);
  holdings->insert(place, std::move(holding));
  return Refused::No;
}

Refused HoldingStore::add(const HoldingKey& key, const Holding& holding, int64_t now_ns) {
  if (const Refused why = check(key, holding, now_ns); why != Refused::No) return refuse(why);
  Holdings* const holdings = holdings_of(key);
  if (holdings == nullptr) return refuse(Refused::Full);
  for (Holding& each : *holdings) {
    // The same goes on: nothing lies between the two, or it would have ended the one.
    if (each.says_as(holding) && each.from_ns <= holding.from_ns && holding.from_ns <= each.until_ns) {
      each.until_ns = holding.until_ns;
      for (const Holding& later : *holdings)
        if (ends(later, each) && later.from_ns > each.from_ns)
          each.until_ns = std::min(each.until_ns, later.from_ns);
      return Refused::No;
    }
  }
  const Refused why = insert(key, holding, now_ns);
  return why == Refused::No ? why : refuse(why);
}

size_t HoldingStore::end(const HoldingKey& key, HoldingSource source, uint64_t id, std::string_view user,
                         int64_t at_ns) {
  size_t ended = 0;
  const Holdings* const found = find_holdings(key);
  if (found == nullptr) return 0;
  for (Holding& each : *holdings_of(key)) {
    if (each.source != source || each.id != id || (!user.empty() && each.user != user) ||
        each.until_ns <= at_ns)
      continue;
    each.until_ns = std::max(each.from_ns, at_ns);
    ++ended;
  }
  return ended;
}

void HoldingStore::replace(HoldingSource source, uint8_t origin, std::span<const SaidHolding> said,
                           bool whole, int64_t now_ns) {
  std::vector<HoldingKey>& keys = said_[static_cast<uint16_t>(static_cast<unsigned>(source) << 8 | origin)];
  const auto is_ours = [&](const Holding& each) { return each.source == source && each.origin == origin; };
  // What is said still goes on from when it began; what is not said any more ends.
  const auto order = [](const SaidHolding* one, const SaidHolding* other) {
    return std::pair(one->key.mac, one->key.address) < std::pair(other->key.mac, other->key.address);
  };
  std::vector<const SaidHolding*> sorted;
  for (const SaidHolding& each : said) sorted.push_back(&each);
  std::ranges::stable_sort(sorted, order);
  std::vector<bool> known(sorted.size());
  for (const HoldingKey& key : keys) {
    Holdings* const holdings = find_holdings(key) == nullptr ? nullptr : holdings_of(key);
    if (holdings == nullptr) continue;
    const SaidHolding asked{key, {}, true};
    const auto [first, last] = std::equal_range(sorted.begin(), sorted.end(), &asked, order);
    for (Holding& each : *holdings) {
      if (!is_ours(each)) continue;
      bool still = false;
      for (auto one = first; one != last && !still; ++one) {
        const Holding& now = (*one)->holding;
        still = each.says_as(now) && goes_on(each, **one, now_ns);
        if (!still) continue;
        known[static_cast<size_t>(one - sorted.begin())] = true;
        each.until_ns = std::max(each.from_ns, now.until_ns);
        for (const Holding& later : *holdings)
          if (ends(later, each) && later.from_ns > each.from_ns)
            each.until_ns = std::min(each.until_ns, later.from_ns);
      }
      if (!still && whole && each.until_ns > now_ns) each.until_ns = std::max(each.from_ns, now_ns);
    }
  }
  if (whole) keys.clear();
  for (size_t i = 0; i < sorted.size(); ++i) {
    const SaidHolding& each = *sorted[i];
    keys.push_back(each.key);
    if (known[i]) continue;
    if (const Refused why = check(each.key, each.holding, now_ns); why != Refused::No) {
      refuse(why);
    } else if (insert(each.key, each.holding, now_ns) != Refused::No) {
      refuse(Refused::Full);
    }
  }
  const auto by_key = [](const HoldingKey& key) { return std::pair(key.mac, key.address); };
  std::ranges::sort(keys, {}, by_key);
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
}

void HoldingStore::prune(int64_t now_ns) {
  const int64_t before_ns = now_ns - kEndedKeptNs;
  const auto prune_one = [&](Holdings& holdings) {
    for (size_t i = holdings.size(); i-- > 0;)
      if (holdings[i].until_ns < before_ns) erase(holdings, i);
  };
  for (auto at = addresses_.begin(); at != addresses_.end();) {
    prune_one(at->second);
    at = at->second.empty() ? addresses_.erase(at) : std::next(at);
  }
  for (auto at = macs_.begin(); at != macs_.end();) {
    OfMac& each = at->second;
    prune_one(each.holdings);
    std::erase_if(each.addresses, [&](const Address& address) {
      const Holdings* const left = find_holdings({address, 0});
      return left == nullptr ||
             std::ranges::none_of(*left, [&](const Holding& one) { return one.mac == at->first; });
    });
    const bool seen = std::ranges::any_of(
        each.seen, [&](const OfMac::Seen& one) { return one.last_ns >= now_ns - kRouterWindowNs; });
    const bool gone =
        each.holdings.empty() && each.addresses.empty() && !seen && each.router_until_ns < now_ns;
    at = gone ? macs_.erase(at) : std::next(at);
  }
}

std::vector<HoldingStore::Found> HoldingStore::find(const HoldingKey& key, int64_t at_ns) const {
  std::vector<Found> out;
  if (const Holdings* const holdings = find_holdings(key))
    for (const Holding& each : *holdings)
      if (at_ns == 0 || each.holds(at_ns)) out.push_back({key, each});
  const auto owner = key.is_mac() ? macs_.find(key.mac) : macs_.end();
  if (owner == macs_.end()) return out;
  for (const Address& address : owner->second.addresses)
    for (Found& found : find({address, 0}, at_ns))
      if (found.holding.mac == key.mac) out.push_back(std::move(found));
  return out;
}

std::vector<HoldingStore::Found> HoldingStore::find_user(std::string_view user, int64_t at_ns,
                                                         size_t most) const {
  std::vector<Found> out;
  const auto look = [&](const HoldingKey& key, const Holdings& holdings) {
    for (const Holding& each : holdings)
      if (each.user == user && (at_ns == 0 || each.holds(at_ns)) && out.size() < most)
        out.push_back({key, each});
  };
  for (const auto& [address, holdings] : addresses_) look({address, 0}, holdings);
  for (const auto& [mac, of] : macs_) look({{}, mac}, of.holdings);
  std::ranges::stable_sort(out, {}, [](const Found& each) { return each.holding.from_ns; });
  return out;
}

std::vector<HoldingStore::Found> HoldingStore::all_of(HoldingSource source) const {
  std::vector<Found> out;
  const auto look = [&](const HoldingKey& key, const Holdings& holdings) {
    for (const Holding& each : holdings)
      if (each.source == source) out.push_back({key, each});
  };
  for (const auto& [address, holdings] : addresses_) look({address, 0}, holdings);
  for (const auto& [mac, of] : macs_) look({{}, mac}, of.holdings);
  return out;
}

}  // namespace sluice::control
