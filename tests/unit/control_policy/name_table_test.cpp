// tests: the suffix table against a model that asks every claim.
#include "control/policy/name_table.h"

#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <random>
#include <set>
#include <string>

namespace sluice::control {
namespace {

constexpr uint64_t kSeed = 42;
using Lists = std::set<uint16_t>;

struct Claimed {
  std::string name;
  NameScope scope;
  NameClaim claim;
  uint16_t list;

  bool holds_for(std::string_view asked) const {
    const bool self = asked == name;
    const bool below =
        asked.size() > name.size() && asked.ends_with(name) && asked[asked.size() - name.size() - 1] == '.';
    return (self && scope != NameScope::Below) || (below && scope != NameScope::Self);
  }
};

/// What the claims come to, one by one.
Lists by_model(const std::vector<Claimed>& claims, std::string_view asked) {
  Lists out;
  for (const Claimed& each : claims)
    if (each.claim == NameClaim::Covers && each.holds_for(asked)) out.insert(each.list);
  for (const Claimed& each : claims)
    if (each.claim == NameClaim::Excepts && each.holds_for(asked)) out.erase(each.list);
  return out;
}

/// What the table says: by the longest stored suffix.
Lists by_table(const NameLayout& table, const SetTable& sets, std::string_view asked) {
  for (std::string_view rest = asked; !table.buckets.empty();) {
    const uint32_t at = table.find(rest, name_hash(rest, kSeed));
    if (at != NameLayout::kAbsent) {
      const NameSets& found = table.sets[table.entry_at(at).sets];
      const SetInfo& info = sets.sets()[rest.size() == asked.size() ? found.self_set : found.below_set];
      const auto first = sets.lists().begin() + info.first_list;
      return {first, first + info.list_count};
    }
    const size_t dot = rest.find('.');
    if (dot == rest.npos) break;
    rest.remove_prefix(dot + 1);
  }
  return {};
}

/// One block for each list, built as the compiler does.
struct BuiltTable {
  explicit BuiltTable(const std::vector<Claimed>& claims) {
    std::map<uint16_t, NameBlock> blocks;
    for (const Claimed& each : claims) blocks[each.list].add(each.name, each.scope, each.claim);
    std::vector<ListNames> lists;
    for (const auto& [list, block] : blocks) lists.push_back({&block, list});
    table = *build_names(lists, sets, kSeed);
  }
  SetTable sets;
  NameLayout table;
};

class Names {
 public:
  explicit Names(unsigned seed) : random_(seed) {}
  /// Few labels, so that names stand below each other often.
  std::string name() {
    std::string out;
    for (size_t labels = 1 + random_() % 4; labels > 0; --labels)
      out += std::string(out.empty() ? "" : ".") + static_cast<char>('a' + random_() % 4);
    return out;
  }
  Claimed claim(uint16_t list, bool may_except) {
    const bool except = may_except && random_() % 4 == 0;
    return {name(), static_cast<NameScope>(random_() % 3), except ? NameClaim::Excepts : NameClaim::Covers,
            list};
  }
  size_t below(size_t limit) { return random_() % limit; }

 private:
  std::mt19937 random_;
};

TEST(NameTable, SaysWhatTheClaimsComeTo) {
  for (unsigned seed = 0; seed < 200; ++seed) {
    Names names(seed);
    std::vector<Claimed> claims;
    for (size_t i = names.below(40); i > 0; --i)
      claims.push_back(names.claim(static_cast<uint16_t>(names.below(4)), true));
    const BuiltTable built(claims);
    for (int i = 0; i < 200; ++i) {
      const std::string asked = names.name();
      ASSERT_EQ(by_table(built.table, built.sets, asked), by_model(claims, asked)) << seed << ' ' << asked;
    }
  }
}

TEST(NameTable, ExtrasSayTheSameAsATableOfAll) {
  for (unsigned seed = 0; seed < 200; ++seed) {
    Names names(seed);
    std::vector<Claimed> claims;
    while (claims.size() < 100) claims.push_back(names.claim(static_cast<uint16_t>(names.below(4)), true));
    // Others, so that the table is large enough to take extras.
    for (int i = 0; i < 200; ++i)
      claims.push_back({"x" + std::to_string(i), NameScope::Both, NameClaim::Covers, 0});
    BuiltTable built(claims);
    std::deque<Claimed> extras;
    std::vector<ExtraName> added;
    for (uint16_t i = 0; i < 10; ++i) {
      const Claimed& extra = extras.emplace_back(names.claim(static_cast<uint16_t>(10 + i), false));
      added.push_back({extra.name, extra.scope, extra.list});
      claims.push_back(extra);
    }
    ASSERT_TRUE(takes_extras(built.table, added.size()));
    add_extras(built.table, added, built.sets, kSeed);
    for (int i = 0; i < 300; ++i) {
      const std::string asked = names.name();
      ASSERT_EQ(by_table(built.table, built.sets, asked), by_model(claims, asked)) << seed << ' ' << asked;
    }
  }
}

TEST(NameTable, ManyNamesOverManyPartitionsAreAllFound) {
  constexpr size_t kNames = 200'000;
  NameBlock block, again;
  for (size_t i = 0; i < kNames; ++i) {
    block.add("n" + std::to_string(i) + ".example", NameScope::Both);
    again.add("n" + std::to_string(i) + ".example", NameScope::Self);
  }
  SetTable sets;
  const std::vector<ListNames> lists{{&block, 3}, {&again, 5}};
  const auto table = build_names(lists, sets, kSeed);
  ASSERT_TRUE(table);
  EXPECT_EQ(table->names, kNames);
  EXPECT_LE(table->names * 4, table->buckets.size() * kSlotsPerBucket * 3);
  for (size_t i = 0; i < kNames; ++i) {
    ASSERT_EQ(by_table(*table, sets, "n" + std::to_string(i) + ".example"), (Lists{3, 5})) << i;
  }
  EXPECT_EQ(by_table(*table, sets, "below.n7.example"), Lists{3});
  EXPECT_EQ(by_table(*table, sets, "example"), Lists{});
}

TEST(NameTable, ExtrasAreTakenWhereTheyAreFew) {
  EXPECT_TRUE(takes_extras(NameLayout{}, 0));
  EXPECT_FALSE(takes_extras(NameLayout{}, 1));
  NameLayout table;
  table.names = 160;
  EXPECT_TRUE(takes_extras(table, 10));
  EXPECT_FALSE(takes_extras(table, 11));
}

TEST(NameTable, NoNamesMakeNoTable) {
  SetTable sets;
  const auto table = build_names({}, sets, kSeed);
  ASSERT_TRUE(table);
  EXPECT_TRUE(table->buckets.empty());
}

}  // namespace
}  // namespace sluice::control
