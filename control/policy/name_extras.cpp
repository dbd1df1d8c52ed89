// control/policy: adds a few names to a table that was built before.
#include <algorithm>
#include <bitset>
#include <limits>
#include <unordered_map>

#include "control/policy/name_table.h"

namespace sluice::control {
namespace {

/// The slots that build_names leaves free have to suffice, and look-ups have to stay short.
constexpr size_t kNamesPerExtra = 16;

/// A name below an extra ends as it does: in the same kTail bytes, or where the extra is shorter in the same
/// byte.
constexpr size_t kTail = 8, kShortTail = 1, kFilterBits = 1 << 16;

class Adder {
 public:
  Adder(NameLayout& table, SetTable& sets, uint64_t seed) : table_(table), sets_(sets), seed_(seed) {
    for (size_t i = 0; i < table.sets.size(); ++i)
      known_.emplace(key_of(table.sets[i]), static_cast<uint32_t>(i));
  }

  void add(std::span<const ExtraName> extras) {
    for (const ExtraName& extra : extras) {
      NameSets& said = said_[extra.name];
      if (extra.scope != NameScope::Below) said.self_set = sets_.add(said.self_set, extra.list);
      if (extra.scope != NameScope::Self) said.below_set = sets_.add(said.below_set, extra.list);
      const bool is_short = extra.name.size() < kTail;
      (is_short ? short_tails_ : tails_).set(tail_of(extra.name, is_short ? kShortTail : kTail));
    }
    const size_t old_end = table_.bytes.size();
    for (size_t at = 0; at < old_end; at += sizeof(NameEntry) + table_.name_at(at).size()) tell(at);
    table_.bytes.resize(old_end + room_for(extras));
    size_t end = old_end;
    for (const auto& [name, said] : said_) end = insert(name, said, end);
    table_.bytes.resize(end);
  }

 private:
  /// Where the last bytes of a name lie in a filter. A shorter name takes part with what it has.
  static size_t tail_of(std::string_view name, size_t size) {
    const std::string_view tail = name.substr(name.size() - std::min(size, name.size()));
    return XXH3_64bits(tail.data(), tail.size()) % kFilterBits;
  }

  static uint64_t key_of(const NameSets& sets) { return uint64_t{sets.self_set} << 32 | sets.below_set; }

  uint32_t intern(const NameSets& sets) {
    const auto [known, fresh] = known_.try_emplace(key_of(sets), static_cast<uint32_t>(table_.sets.size()));
    if (fresh) table_.sets.push_back(sets);
    return known->second;
  }

  /// What the extras say of this very name.
  NameSets said_of(std::string_view name) const {
    const auto found = said_.find(name);
    return found == said_.end() ? NameSets{} : found->second;
  }

  /// The extras that stand above a name, or are it.
  NameSets covering(std::string_view name) {
    NameSets out = said_of(name);
    for (size_t dot = name.find('.'); dot != name.npos; dot = name.find('.')) {
      name.remove_prefix(dot + 1);
      out = unite(out, said_of(name).below_set);
    }
    return out;
  }
  NameSets unite(const NameSets& sets, uint32_t above) {
    return {sets_.unite(sets.self_set, above), sets_.unite(sets.below_set, above)};
  }

  /// Tells a name of the table what the extras say of it.
  void tell(size_t at) {
    const std::string_view name = table_.name_at(at);
    if (!tails_.test(tail_of(name, kTail)) && !short_tails_.test(tail_of(name, kShortTail))) return;
    const NameSets more = covering(name);
    if (more.self_set == 0 && more.below_set == 0) return;
    const NameSets& now = table_.sets[table_.entry_at(at).sets];
    const NameSets all{sets_.unite(now.self_set, more.self_set), sets_.unite(now.below_set, more.below_set)};
    table_.set_sets(at, intern(all));
  }

  /// Writes an extra to the end of the bytes, where the table has none of this name. Returns the new end.
  size_t insert(std::string_view name, const NameSets& said, size_t end) {
    const uint64_t hash = name_hash(name, seed_);
    if (table_.find(name, hash) != NameLayout::kAbsent) return end;
    NameSets all = said;
    std::string_view above = name;
    for (size_t dot = above.find('.'); dot != above.npos; dot = above.find('.')) {
      above.remove_prefix(dot + 1);
      const uint32_t found = table_.find(above, name_hash(above, seed_));
      all = unite(all, found == NameLayout::kAbsent ? said_of(above).below_set
                                                    : table_.sets[table_.entry_at(found).sets].below_set);
      if (found != NameLayout::kAbsent) break;  // it is closed, and knows of what is above it
    }
    table_.write(end, name, intern(all));
    table_.place(hash, static_cast<uint32_t>(end));
    ++table_.names;
    return end + sizeof(NameEntry) + name.size();
  }

  NameLayout& table_;
  SetTable& sets_;
  const uint64_t seed_;
  std::unordered_map<uint64_t, uint32_t> known_;
  std::unordered_map<std::string_view, NameSets> said_;
  /// Of the last bytes of said_; most names have none of them. short_tails_: of those that have fewer than
  /// kTail.
  std::bitset<kFilterBits> tails_, short_tails_;
};

}  // namespace

bool takes_extras(const NameLayout& base, size_t extras) {
  return extras <= base.names / kNamesPerExtra &&
         extras * (sizeof(NameEntry) + kMaxName) < std::numeric_limits<uint32_t>::max() - base.bytes.size();
}

size_t room_for(std::span<const ExtraName> extras) {
  size_t room = 0;
  for (const ExtraName& extra : extras) room += sizeof(NameEntry) + extra.name.size();
  return room;
}

void add_extras(NameLayout& base, std::span<const ExtraName> extras, SetTable& sets, uint64_t seed) {
  if (!extras.empty()) Adder(base, sets, seed).add(extras);
}

}  // namespace sluice::control
