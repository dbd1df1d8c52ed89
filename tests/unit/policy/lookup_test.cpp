// tests: names looked up one by one and many at once.
#include <gtest/gtest.h>

#include <random>
#include <set>

#include "tests/support/policy.h"

namespace sluice {
namespace {

/// What a list covers, told in the plainest way.
struct Listed {
  std::set<std::string, std::less<>> alone, with_those_below;

  bool covers(std::string_view name) const {
    if (alone.contains(name)) return true;
    for (;;) {
      if (with_those_below.contains(name)) return true;
      const size_t dot = name.find('.');
      if (dot == name.npos) return false;
      name.remove_prefix(dot + 1);
    }
  }
};

TEST(NameLookUp, OneByOneAndManyAtOnceFindWhatIsListed) {
  Listed listed;
  std::string names;
  std::mt19937 random(7);
  const auto name = [&random](size_t most_labels) {
    std::string out;
    for (size_t labels = 3 + random() % most_labels; labels > 0; --labels)
      out += std::string(out.empty() ? "" : ".") + static_cast<char>('a' + random() % 6);
    return out;
  };
  std::vector<std::string> all;
  for (int i = 0; i < 300; ++i) {
    const std::string& one = all.emplace_back(name(10));
    (i % 3 == 0 ? listed.alone : listed.with_those_below).insert(one);
    names += (i == 0 ? "" : ", ") + std::string(i % 3 == 0 ? "=" : "") + one;
  }
  const auto made = test::make_policy(test::kOffice + "lists: {l: {names: [" + names +
                                      "]}}\nrules: [{name: r, to: [l], action: block}]\n");
  std::vector<std::string> asked{"", "x.example", "."};
  // More labels than are looked up together, and more names.
  while (asked.size() < 1000) {
    asked.push_back(name(30));
    asked.push_back(all[random() % all.size()]);
    asked.push_back(name(12) + "." + asked.back());
  }
  const std::vector<std::string_view> views(asked.begin(), asked.end());
  std::vector<uint32_t> found(views.size(), 99);
  made->policy->sets_of(views, found);
  size_t hits = 0;
  for (size_t i = 0; i < views.size(); ++i) {
    EXPECT_EQ(found[i] != 0, listed.covers(views[i])) << views[i];
    EXPECT_EQ(found[i], made->policy->set_of(views[i])) << views[i];
    hits += found[i] != 0;
  }
  EXPECT_GT(hits, 100u);
  EXPECT_LT(hits, 800u);
}

TEST(NameLookUp, APolicyWithoutNamesFindsNone) {
  const auto made = test::make_policy(test::kOffice);
  const std::vector<std::string_view> views(40, "a.example");
  std::vector<uint32_t> found(views.size(), 99);
  made->policy->sets_of(views, found);
  EXPECT_EQ(found, std::vector<uint32_t>(views.size(), 0));
  EXPECT_EQ(made->policy->set_of("a.example"), 0u);
}

}  // namespace
}  // namespace sluice
