// policy: the look-ups: names by their longest stored suffix, addresses by their range, networks by VLAN.
#define XXH_INLINE_ALL
#include <emmintrin.h>
#include <xxhash.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include "dataplane/policy/tables.h"

namespace sluice {
namespace {

constexpr size_t kSuffixes = 8;      ///< of one name that wait for memory together
constexpr size_t kNamesAtOnce = 32;  ///< that do

/// One end of a name that may be stored.
struct Suffix {
  std::string_view text;
  uint32_t home, tag;
};

Suffix suffix_of(const Policy::Tables& t, std::string_view text) {
  const uint64_t hash = XXH3_64bits_withSeed(text.data(), text.size(), t.site->name_seed);
  const Suffix suffix{text, home_bucket(hash, t.buckets.size()), tag_of(hash)};
  __builtin_prefetch(&t.buckets[suffix.home]);
  return suffix;
}

/// Bit i is set where slot i bears tag; an empty slot may, too.
uint32_t slots_with(const NameBucket& bucket, uint32_t tag) {
  static_assert(kSlotsPerBucket == 8);
  const __m128i wanted = _mm_set1_epi32(static_cast<int>(tag));
  const auto* tags = reinterpret_cast<const __m128i*>(bucket.tags);
  const __m128i low = _mm_cmpeq_epi32(_mm_load_si128(tags), wanted);
  const __m128i high = _mm_cmpeq_epi32(_mm_load_si128(tags + 1), wanted);
  return static_cast<uint32_t>(_mm_movemask_ps(_mm_castsi128_ps(low)) |
                               _mm_movemask_ps(_mm_castsi128_ps(high)) << 4);
}

uint32_t next_bucket(const Policy::Tables& t, uint32_t at) {
  return at + 1 < t.buckets.size() ? at + 1 : 0;
}

/// The entry stored for exactly this text, or nullptr.
const std::byte* find_entry(const Policy::Tables& t, const Suffix& suffix) {
  for (uint32_t at = suffix.home;; at = next_bucket(t, at)) {
    const NameBucket& bucket = t.buckets[at];
    for (uint32_t left = slots_with(bucket, suffix.tag); left != 0; left &= left - 1) {
      const uint32_t offset = bucket.offsets_plus_one[std::countr_zero(left)];
      if (offset == 0) continue;
      const std::byte* entry = t.names.data() + offset - 1;
      const auto size = static_cast<uint8_t>(entry[offsetof(NameEntry, size)]);
      if (size == suffix.text.size() && std::memcmp(entry + sizeof(NameEntry), suffix.text.data(), size) == 0)
        return entry;
    }
    if (bucket.offsets_plus_one[kSlotsPerBucket - 1] == 0) return nullptr;
  }
}

/// Fetches the entry that find_entry will most likely compare in a bucket, which is at hand. Returns false
/// where it will go on to the next bucket.
bool prefetch_entry(const Policy::Tables& t, const Suffix& suffix, uint32_t at) {
  const NameBucket& bucket = t.buckets[at];
  const uint32_t found = slots_with(bucket, suffix.tag);
  if (found == 0) return bucket.offsets_plus_one[kSlotsPerBucket - 1] == 0;
  const std::byte* after = t.names.data() + bucket.offsets_plus_one[std::countr_zero(found)];
  __builtin_prefetch(after - 1);
  __builtin_prefetch(after - 1 + sizeof(NameEntry) + suffix.text.size() - 1);  // in the next line, maybe
  return true;
}

/// The set of a name by the first of its suffixes that is stored; false where none is.
bool set_by(const Policy::Tables& t, std::span<const Suffix> suffixes, std::string_view name, uint32_t& set) {
  for (const Suffix& suffix : suffixes) {
    const std::byte* found = find_entry(t, suffix);
    if (found == nullptr) continue;
    NameEntry entry;
    std::memcpy(&entry, found, sizeof entry);
    const NameSets& sets = t.name_sets[entry.sets];
    set = suffix.text.size() == name.size() ? sets.self_set : sets.below_set;
    return true;
  }
  return false;
}

/// Cuts a name into its suffixes, the longest first, so many as fit. rest: what is still to be cut; empty at
/// the end.
size_t cut(const Policy::Tables& t, std::string_view& rest, std::span<Suffix> out) {
  size_t count = 0;
  while (!rest.empty() && count < out.size()) {
    out[count++] = suffix_of(t, rest);
    const size_t dot = rest.find('.');
    rest.remove_prefix(dot == std::string_view::npos ? rest.size() : dot + 1);
  }
  return count;
}

}  // namespace

uint32_t Policy::Tables::set_for(std::string_view name) const {
  Suffix suffixes[kSuffixes];
  uint32_t set = 0;
  std::string_view rest = buckets.empty() ? std::string_view{} : name;
  while (!rest.empty()) {
    const size_t count = cut(*this, rest, suffixes);
    if (set_by(*this, std::span(suffixes, count), name, set)) break;
  }
  return set;
}

void Policy::Tables::sets_for(std::span<const std::string_view> many, std::span<uint32_t> found) const {
  struct {
    Suffix suffixes[kSuffixes];
    size_t count;
    bool whole;
  } cuts[kNamesAtOnce];
  std::ranges::fill(found.first(many.size()), 0);
  for (size_t first = 0; first < many.size() && !buckets.empty(); first += kNamesAtOnce) {
    const size_t count = std::min(kNamesAtOnce, many.size() - first);
    for (size_t i = 0; i < count; ++i) {
      std::string_view rest = many[first + i];
      cuts[i].count = cut(*this, rest, cuts[i].suffixes);
      cuts[i].whole = rest.empty();
    }
    const Suffix* overflown[kNamesAtOnce * kSuffixes];
    size_t overflows = 0;
    for (size_t i = 0; i < count; ++i) {
      for (const Suffix& suffix : std::span(cuts[i].suffixes, cuts[i].count)) {
        if (prefetch_entry(*this, suffix, suffix.home)) continue;
        __builtin_prefetch(&buckets[next_bucket(*this, suffix.home)]);
        overflown[overflows++] = &suffix;
      }
    }
    for (const Suffix* suffix : std::span(overflown, overflows))
      (void)prefetch_entry(*this, *suffix, next_bucket(*this, suffix->home));
    for (size_t i = 0; i < count; ++i) {
      const std::string_view name = many[first + i];
      const std::span<const Suffix> suffixes(cuts[i].suffixes, cuts[i].count);
      // One with more labels is a rare one, and looked up once more on its own.
      if (!set_by(*this, suffixes, name, found[first + i]) && !cuts[i].whole)
        found[first + i] = set_for(name);
    }
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

uint32_t Policy::set_of(std::string_view name) const {
  return tables_->set_for(name);
}

void Policy::sets_of(std::span<const std::string_view> names, std::span<uint32_t> found) const {
  tables_->sets_for(names, found);
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
