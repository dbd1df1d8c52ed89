// tests: names looked up one by one and many at once.
#include <gtest/gtest.h>

#include <random>

#include "tests/support/policy.h"

namespace sluice {
namespace {

TEST(NameLookUp, ManyAtOnceSayWhatEachSaysAlone) {
  std::string names;
  std::mt19937 random(7);
  const auto name = [&random](size_t most_labels) {
    std::string out;
    for (size_t labels = 1 + random() % most_labels; labels > 0; --labels)
      out += std::string(out.empty() ? "" : ".") + static_cast<char>('a' + random() % 3);
    return out;
  };
  for (int i = 0; i < 300; ++i) names += (i == 0 ? "" : ", ") + std::string(i % 3 == 0 ? "=" : "") + name(12);
  const auto made = test::make_policy(test::kOffice + "lists: {l: {names: [" + names +
                                      "]}}\nrules: [{name: r, to: [l, \"*.x.example\"], action: block}]\n");
  std::vector<std::string> asked{"", "x.example", "deep.x.example", "."};
  // More labels than are looked up together, and more names.
  while (asked.size() < 1000) asked.push_back(name(30));
  const std::vector<std::string_view> views(asked.begin(), asked.end());
  std::vector<uint32_t> found(views.size(), 99);
  made->policy->sets_of(views, found);
  size_t hits = 0;
  for (size_t i = 0; i < views.size(); ++i) {
    EXPECT_EQ(found[i], made->policy->set_of(views[i])) << views[i];
    hits += found[i] != 0;
  }
  EXPECT_GT(hits, 100u);
  EXPECT_EQ(found[0], 0u);
  EXPECT_EQ(found[1], 0u);
  EXPECT_NE(found[2], 0u);
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
