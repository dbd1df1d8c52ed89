// tests: a policy compiled with what an earlier compilation left means what it means without.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "control/policy/compile_cache.h"
#include "tests/unit/control_policy/compile_helper.h"
#include "tests/unit/control_policy/image_reader.h"

namespace sluice::control::test {
namespace {

namespace fs = std::filesystem;

class CompileCacheTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "sluice-cache-XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    path_ = name;
    write("10-site.yaml", kBase);
  }
  void TearDown() override { fs::remove_all(path_); }
  void write(const std::string& name, std::string_view text) {
    fs::create_directories((path_ / name).parent_path());
    std::ofstream(path_ / name) << text;
  }
  Compiled compile() { return compile_policy(path_, 1, {.cache = &cache_}); }

  fs::path path_;
  CompileCache cache_;
};

TEST_F(CompileCacheTest, DigestTellsWhetherAnySourceChanged) {
  write("lists/x.names", "x.example\n");
  write("20.yaml",
        "lists: {names: {files: [lists/x.names]}}\nrules: [{name: a, to: [names], action: block}]\n");
  const std::string first = compile().policy->digest;
  EXPECT_EQ(first.size(), 64u);
  EXPECT_EQ(compile().policy->digest, first);
  EXPECT_EQ(compile_policy(path_, 7).policy->digest, first);
  write("lists/x.names", "y.example\n");
  const std::string second = compile().policy->digest;
  EXPECT_NE(second, first);
  write("10-site.yaml", std::string(kBase) + "# a remark\n");
  EXPECT_NE(compile().policy->digest, second);
}

TEST_F(CompileCacheTest, UnchangedPatternsKeepTheirDatabaseAndGetTheirListsAnew) {
  const std::string betting = "lists:\n  betting: {patterns: ['bet[0-9]+']}\n";
  const std::string rule = "rules: [{name: a, to: [betting], action: block}]\n";
  write("20.yaml", betting + rule);
  const Compiled first = compile();
  write("20.yaml", "lists:\n  other: {names: [x.example]}\n  betting: {patterns: ['bet[0-9]+']}\n" + rule);
  const Compiled second = compile();
  ASSERT_TRUE(first.policy && second.policy);
  const ImageReader before(first.policy->image()), after(second.policy->image());
  EXPECT_TRUE(std::ranges::equal(before.section<std::byte>(Section::PatternDatabase),
                                 after.section<std::byte>(Section::PatternDatabase)));
  EXPECT_EQ(before.section<uint16_t>(Section::PatternLists)[0], 0);
  EXPECT_EQ(after.section<uint16_t>(Section::PatternLists)[0], 1);
  write("20.yaml", "lists:\n  betting: {patterns: ['bet[0-9]{2}']}\n" + rule);
  const Compiled third = compile();
  ASSERT_TRUE(third.policy);
  EXPECT_FALSE(
      std::ranges::equal(before.section<std::byte>(Section::PatternDatabase),
                         ImageReader(third.policy->image()).section<std::byte>(Section::PatternDatabase)));
}

TEST_F(CompileCacheTest, RefusedPatternIsReportedEachTime) {
  write("20.yaml", "lists: {l: {patterns: ['a(', 'b']}}\nrules: [{name: a, to: [l], action: block}]\n");
  for (int i = 0; i < 2; ++i) {
    const Compiled compiled = compile();
    EXPECT_FALSE(compiled.policy);
    ASSERT_EQ(compiled.diagnostics.size(), 1u);
    EXPECT_EQ(compiled.diagnostics[0].line, 1);
  }
}

}  // namespace
}  // namespace sluice::control::test
