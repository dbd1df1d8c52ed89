// policy: the look-ups: names by their longest stored suffix, addresses by their range, networks by VLAN.
#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <cstring>

#include "dataplane/policy/tables.h"

namespace sluice {
namespace {

/// The entry stored for exactly this text, or nullptr.
const std::byte* find_entry(const Policy::Tables& t, std::string_view text) {
  const uint64_t hash = XXH3_64bits_withSeed(text.data(), text.size(), t.site->name_seed);
  const auto tag = static_cast<uint32_t>(hash >> 32);
  const size_t mask = t.buckets.size() - 1;
  for (size_t at = hash & mask;; at = (at + 1) & mask) {
    for (const NameSlot& slot : t.buckets[at].slots) {
      if (slot.offset_plus_one == 0) return nullptr;
      if (slot.tag != tag) continue;
      const std::byte* entry = t.names.data() + slot.offset_plus_one - 1;
      const auto size = static_cast<uint8_t>(entry[offsetof(NameEntry, size)]);
      if (size == text.size() && std::memcmp(entry + sizeof(NameEntry), text.data(), size) == 0) return entry;
    }
  }
}

}  // namespace

uint32_t Policy::Tables::set_for(std::string_view name) const {
  if (buckets.empty() || name.empty()) return 0;
  for (std::string_view suffix = name;;) {
    if (const std::byte* found = find_entry(*this, suffix)) {
      NameEntry entry;
      std::memcpy(&entry, found, sizeof entry);
      return suffix.size() == name.size() ? entry.self_set : entry.below_set;
    }
    const size_t dot = suffix.find('.');
    if (dot == std::string_view::npos || dot + 1 == suffix.size()) return 0;
    suffix.remove_prefix(dot + 1);
  }
}

const AddressClass& Policy::Tables::class_for(const Address& address) const {
  const auto after =
      std::upper_bound(starts.begin(), starts.end(), address, [](const Address& a, const Address& b) {
        return a.high() != b.high() ? a.high() < b.high() : a.low() < b.low();
      });
  return classes[class_of[static_cast<size_t>(after - starts.begin()) - 1]];
}

uint16_t Policy::Tables::network_for(const AddressClass& address_class, uint16_t vlan) const {
  const uint16_t id = vlan == kNoVlan ? 0 : vlan;
  for (uint16_t candidate :
       candidates.subspan(address_class.first_candidate, address_class.candidate_count)) {
    const NetworkInfo& network = networks[candidate];
    const auto allowed = vlans.subspan(network.first_vlan, network.vlan_count);
    if (allowed.empty() || std::find(allowed.begin(), allowed.end(), id) != allowed.end()) return candidate;
  }
  return kNone16;
}

uint16_t Policy::network_of(const Address& local, uint16_t vlan) const {
  return tables_->network_for(tables_->class_for(local), vlan);
}

bool Policy::is_resolver(const Address& address) const {
  return tables_->class_for(address).resolver != 0;
}

bool Policy::is_shared(const Address& address) const {
  const Tables& t = *tables_;
  if (!t.any_shared) return false;
  const AddressClass& one = t.class_for(address);
  return std::ranges::any_of(t.candidates.subspan(one.first_candidate, one.candidate_count),
                             [&](uint16_t network) { return t.networks[network].shared != 0; });
}

bool Policy::is_link(const Address& address) const {
  return tables_->class_for(address).link != 0;
}

uint8_t Policy::line_of(std::string_view name) const {
  for (size_t line = 0; line < tables_->lines.size(); ++line)
    if (line_name(static_cast<uint16_t>(line)) == name) return static_cast<uint8_t>(line);
  return kUnknownLine;
}

Setting Policy::setting_of(uint16_t network, Situation situation) const {
  if (network >= tables_->networks.size()) return Setting::Block;
  return static_cast<Setting>(tables_->networks[network].unidentified[static_cast<size_t>(situation)]);
}

bool Policy::answers_canaries(uint16_t network) const {
  return network < tables_->networks.size() && tables_->networks[network].canaries != 0;
}

bool Policy::strips_ech(uint16_t network) const {
  return network < tables_->networks.size() && tables_->networks[network].strip_ech != 0 &&
         tables_->site->observe == 0;
}

uint32_t Policy::generation() const {
  return tables_->header->generation;
}
const SiteInfo& Policy::site() const {
  return *tables_->site;
}
std::string_view Policy::string(StringRef ref) const {
  return {tables_->strings.data() + ref.offset, ref.size};
}

std::string_view Policy::rule_text(uint16_t rule, StringRef RuleInfo::*text) const {
  return rule < tables_->rules.size() ? string(tables_->rules[rule].*text) : std::string_view{};
}
std::string_view Policy::list_name(uint16_t list) const {
  return list < tables_->lists.size() ? string(tables_->lists[list].name) : std::string_view{};
}
std::string_view Policy::network_name(uint16_t network) const {
  return network < tables_->networks.size() ? string(tables_->networks[network].name) : std::string_view{};
}
std::string_view Policy::line_name(uint16_t line) const {
  return line < tables_->lines.size() ? string(tables_->lines[line].name) : std::string_view{};
}
uint16_t Policy::network_line(uint16_t network) const {
  return network < tables_->networks.size() ? tables_->networks[network].line : kNone16;
}
size_t Policy::rule_count() const {
  return tables_->rules.size();
}
size_t Policy::list_count() const {
  return tables_->lists.size();
}
size_t Policy::network_count() const {
  return tables_->networks.size();
}
size_t Policy::line_count() const {
  return tables_->lines.size();
}

}  // namespace sluice
