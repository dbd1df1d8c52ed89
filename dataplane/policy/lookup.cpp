// policy: the look-ups: names by their longest stored suffix, addresses by their range, networks by VLAN.
#define XXH_INLINE_ALL
#include <emmintrin.h>
#include <xxhash.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include "dataplane/policy/tables.h"
#include "dataplane/policy/tags.h"

namespace sluice {
namespace {

constexpr size_t kSuffixes = 8;      ///< of one name that wait for memory together
constexpr size_t kNamesAtOnce = 32;  ///< that do

/// One end of a name that may be stored. Trivial: an array of them costs nothing before it is used.
struct Suffix {
  const char* bytes;
  uint32_t size, home, tag;
  std::string_view text() const { return {bytes, size}; }
};

Suffix suffix_of(const Policy::Tables& t, std::string_view text) {
  const uint64_t hash = XXH3_64bits_withSeed(text.data(), text.size(), t.site->name_seed);
  const Suffix suffix{text.data(), static_cast<uint32_t>(text.size()), home_bucket(hash, t.buckets.size()),
                      tag_of(hash)};
  __builtin_prefetch(&t.buckets[suffix.home]);
  return suffix;
}

uint32_t next_bucket(const Policy::Tables& t, uint32_t at) {
  return at + 1 < t.buckets.size() ? at + 1 : 0;
}

bool is_full(const NameBucket& bucket) {
  return bucket.offsets_plus_one[kSlotsPerBucket - 1] != 0;
}

template <class T>
bool ends_equal(const std::byte* a, const char* b, size_t size) {
  T heads[2], tails[2];
  std::memcpy(&heads[0], a, sizeof(T));
  std::memcpy(&heads[1], b, sizeof(T));
  std::memcpy(&tails[0], a + size - sizeof(T), sizeof(T));
  std::memcpy(&tails[1], b + size - sizeof(T), sizeof(T));
  return heads[0] == heads[1] && tails[0] == tails[1];
}

/// memcmp may load beyond the end, from a line that nobody has fetched: looking up would wait for it.
bool equal(const std::byte* a, const char* b, size_t size) {
  if (size < sizeof(uint32_t)) return std::memcmp(a, b, size) == 0;
  if (size < sizeof(uint64_t)) return ends_equal<uint32_t>(a, b, size);
  if (size < sizeof(__m128i)) return ends_equal<uint64_t>(a, b, size);
  const auto differs = [&](size_t at) {
    return _mm_xor_si128(_mm_loadu_si128(reinterpret_cast<const __m128i*>(a + at)),
                         _mm_loadu_si128(reinterpret_cast<const __m128i*>(b + at)));
  };
  const size_t last = size - sizeof(__m128i);
  __m128i any = differs(last);
  for (size_t at = 0; at < last; at += sizeof(__m128i)) any = _mm_or_si128(any, differs(at));
  return _mm_movemask_epi8(_mm_cmpeq_epi8(any, _mm_setzero_si128())) == 0xffff;
}

bool is_entry_of(const std::byte* entry, std::string_view text) {
  return static_cast<uint8_t>(entry[offsetof(NameEntry, size)]) == text.size() &&
         equal(entry + sizeof(NameEntry), text.data(), text.size());
}

uint32_t set_at(const Policy::Tables& t, const std::byte* found, bool whole_name) {
  NameEntry entry;
  std::memcpy(&entry, found, sizeof entry);
  const NameSets& sets = t.name_sets[entry.sets];
  return whole_name ? sets.self_set : sets.below_set;
}

/// One name on its way through the table.
struct Search {
  Suffix suffixes[kSuffixes];  ///< the longest first
  size_t count;                ///< of them
  bool cut_whole;              ///< there are no more
  size_t at;                   ///< the one that is looked for
  uint32_t bucket;             ///< where
  const std::byte* entry;      ///< bears its tag, and is fetched; nullptr: none does
};

/// What stands above a name; empty for the last label.
std::string_view above(std::string_view name) {
  const size_t dot = name.find('.');
  name.remove_prefix(dot == std::string_view::npos ? name.size() : dot + 1);
  return name;
}

/// Cuts a name into its suffixes, so many as fit, and fetches the bucket of each.
void begin(const Policy::Tables& t, std::string_view name, Search& search) {
  search.count = 0;
  for (; !name.empty() && search.count < kSuffixes; name = above(name))
    search.suffixes[search.count++] = suffix_of(t, name);
  search.cut_whole = name.empty();
  search.at = 0;
  search.bucket = search.count == 0 ? 0 : search.suffixes[0].home;
  search.entry = nullptr;
}

/// Looks for the tag of the longest suffix that has one in the table. Returns false where it has to wait for
/// another bucket, which it fetches.
bool go_on(const Policy::Tables& t, Search& search) {
  while (search.at < search.count) {
    const Suffix& suffix = search.suffixes[search.at];
    const NameBucket& bucket = t.buckets[search.bucket];
    const uint32_t found = tags_equal(bucket.tags, suffix.tag);
    // An empty slot may bear the tag, too.
    const uint32_t offset = found == 0 ? 0 : bucket.offsets_plus_one[std::countr_zero(found)];
    if (offset != 0) {
      search.entry = t.names.data() + offset - 1;
      __builtin_prefetch(search.entry);
      __builtin_prefetch(search.entry + sizeof(NameEntry) + suffix.size - 1);  // in the next line, maybe
      return true;
    }
    if (is_full(bucket)) {
      search.bucket = next_bucket(t, search.bucket);
      __builtin_prefetch(&t.buckets[search.bucket]);
      return false;
    }
    if (++search.at < search.count) search.bucket = search.suffixes[search.at].home;
  }
  return true;
}

/// The entry stored for exactly this text, or nullptr.
const std::byte* find_entry(const Policy::Tables& t, const Suffix& suffix) {
  for (uint32_t at = suffix.home;; at = next_bucket(t, at)) {
    const NameBucket& bucket = t.buckets[at];
    for (uint32_t left = tags_equal(bucket.tags, suffix.tag); left != 0; left &= left - 1) {
      const uint32_t offset = bucket.offsets_plus_one[std::countr_zero(left)];
      if (offset != 0 && is_entry_of(t.names.data() + offset - 1, suffix.text()))
        return t.names.data() + offset - 1;
    }
    if (!is_full(bucket)) return nullptr;
  }
}

/// Of any name, one suffix after the other.
uint32_t set_step_by_step(const Policy::Tables& t, std::string_view name) {
  for (std::string_view rest = name; !rest.empty(); rest = above(rest)) {
    if (const std::byte* found = find_entry(t, suffix_of(t, rest)))
      return set_at(t, found, rest.size() == name.size());
  }
  return 0;
}

/// The set of a name whose search is at its end.
uint32_t set_of_found(const Policy::Tables& t, const Search& search, std::string_view name) {
  if (search.entry != nullptr && is_entry_of(search.entry, search.suffixes[search.at].text()))
    return set_at(t, search.entry, search.at == 0);
  // Two names with the same tag, or one with more labels than fit: both are rare.
  return search.entry != nullptr || !search.cut_whole ? set_step_by_step(t, name) : 0;
}

/// How many of these, which are in order, are at most value. Without a branch that nobody could foretell.
size_t count_at_most(std::span<const uint32_t> many, uint32_t value) {
  const uint32_t* at = many.data();
  for (size_t left = many.size(); left != 0;) {
    const size_t half = left - left / 2;
    at += at[half - 1] <= value ? half : 0;
    left -= half;
  }
  return static_cast<size_t>(at - many.data());
}

}  // namespace

uint32_t Policy::Tables::set_for(std::string_view name) const {
  if (buckets.empty()) return 0;
  Search search;
  begin(*this, name, search);
  while (!go_on(*this, search)) continue;
  return set_of_found(*this, search, name);
}

void Policy::Tables::sets_for(std::span<const std::string_view> many, std::span<uint32_t> found) const {
  std::ranges::fill(found.first(many.size()), 0);
  if (buckets.empty()) return;
  Search searches[kNamesAtOnce];
  for (size_t first = 0; first < many.size(); first += kNamesAtOnce) {
    const size_t count = std::min(kNamesAtOnce, many.size() - first);
    for (size_t i = 0; i < count; ++i) begin(*this, many[first + i], searches[i]);
    uint8_t waiting[kNamesAtOnce];
    size_t left = count;
    for (size_t i = 0; i < count; ++i) waiting[i] = static_cast<uint8_t>(i);
    while (left != 0) {
      size_t still = 0;
      for (size_t i = 0; i < left; ++i)
        if (!go_on(*this, searches[waiting[i]])) waiting[still++] = waiting[i];
      left = still;
    }
    for (size_t i = 0; i < count; ++i) found[first + i] = set_of_found(*this, searches[i], many[first + i]);
  }
}

const AddressClass& Policy::Tables::class_for(const Address& address) const {
  const uint64_t high = address.high(), low = address.low();
  if (address.is_v4())
    return classes[class_of[before_ipv4 + count_at_most(ipv4_starts, static_cast<uint32_t>(low)) - 1]];
  const auto after = std::ranges::partition_point(starts, [&](const Address& start) {
    return start.high() != high ? start.high() < high : start.low() <= low;
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

uint32_t Policy::address_class(const Address& address) const {
  return static_cast<uint32_t>(&tables_->class_for(address) - tables_->classes.data());
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

bool Policy::strips_ech(uint16_t network, const Scratch& scratch) const {
  return network < tables_->networks.size() && tables_->networks[network].strip_ech != 0 &&
         !scratch.observing_;
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
int64_t Policy::rule_expires(uint16_t rule) const {
  return rule < tables_->rules.size() ? tables_->rules[rule].expires : kNever;
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
