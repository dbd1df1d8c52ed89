// tests: a policy compiled with what an earlier compilation left means what it means without.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

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

constexpr std::string_view kTwoLists =
    "lists: {a: {files: [a.names]}, b: {files: [b.names]}}\n"
    "rules: [{name: r, to: [a, b], action: block}]\n";

/// Makes a file look as if it had been there for a while.
void settle(const fs::path& path) {
  fs::last_write_time(path, fs::file_time_type::clock::now() - std::chrono::hours(1));
}

TEST_F(CompileCacheTest, ListFilesThatChangeAreSeenHoweverTheyChange) {
  write("20.yaml", kTwoLists);
  write("a.names", "a.example\n");
  write("b.names", "b.example\n");
  const auto lists = [&](std::string_view name) {
    const Compiled compiled = compile();
    return ImageReader(compiled.policy->image()).lists_of_name(name);
  };
  EXPECT_EQ(lists("x.a.example"), std::set<std::string>{"a"});
  write("a.names", "c.example\n");  // the same size, within the same tick of the clock
  EXPECT_EQ(lists("x.a.example"), std::set<std::string>{});
  EXPECT_EQ(lists("x.c.example"), std::set<std::string>{"a"});
  write("a.names", "a.example\nb.example\n");
  EXPECT_EQ(lists("b.example"), (std::set<std::string>{"a", "b"}));
  fs::rename(path_ / "a.names", path_ / "b.names");  // another inode, another list
  write("a.names", "d.example\n");
  EXPECT_EQ(lists("a.example"), std::set<std::string>{"b"});
}

TEST_F(CompileCacheTest, WhatIsWrongWithAListFileIsSaidEachTime) {
  write("20.yaml", kTwoLists);
  write("a.names", "good.example\nbad name\n");
  write("b.names", "b.example\n");
  for (int i = 0; i < 2; ++i) {
    const Compiled compiled = compile();
    ASSERT_TRUE(compiled.policy);
    ASSERT_EQ(compiled.diagnostics.size(), 1u);
    EXPECT_EQ(compiled.diagnostics[0].file, (path_ / "a.names").string());
    EXPECT_EQ(compiled.diagnostics[0].line, 2);
  }
  fs::remove(path_ / "b.names");
  EXPECT_FALSE(compile().policy);
  write("b.names", "b.example\n");
  EXPECT_TRUE(compile().policy);
}

TEST_F(CompileCacheTest, ARulesOwnNameIsAddedToTheListsTable) {
  std::string names = "a.example\nsub.video.example\n";
  for (int i = 0; i < 100; ++i) names += "n" + std::to_string(i) + ".example\n";
  write("20.yaml", kTwoLists);
  write("a.names", names);
  write("b.names", "b.example\n");
  ASSERT_TRUE(compile().policy);
  write("30.yaml", "rules: [{name: s, to: [video.example, '=a.example'], action: allow}]\n");
  const Compiled compiled = compile();
  ASSERT_TRUE(compiled.policy);
  const ImageReader reader(compiled.policy->image());
  EXPECT_EQ(reader.broken_promise(), "");
  EXPECT_EQ(reader.lists_of_name("x.sub.video.example"), (std::set<std::string>{"a", "video.example"}));
  EXPECT_EQ(reader.lists_of_name("video.example"), std::set<std::string>{"video.example"});
  EXPECT_EQ(reader.lists_of_name("a.example"), (std::set<std::string>{"a", "=a.example"}));
  EXPECT_EQ(reader.lists_of_name("b.example"), std::set<std::string>{"b"});
  fs::remove(path_ / "30.yaml");
  EXPECT_EQ(ImageReader(compile().policy->image()).lists_of_name("x.sub.video.example"),
            std::set<std::string>{"a"});
}

/// The bytes are changed behind the cache's back, which only one that does not read them cannot see.
TEST_F(CompileCacheTest, AnUnchangedFileIsNotReadAgain) {
  write("20.yaml", kTwoLists);
  write("a.names", "a.example\n");
  write("b.names", "b.example\n");
  size_t read = 0;
  const ReadListFile reader = [&](const std::string&, std::string& text, std::string&) {
    ++read;
    text = "a.example\n";
    return true;
  };
  std::vector<ListRequest> request(1);
  request[0].path = path_ / "a.names";
  settle(request[0].path);
  std::this_thread::sleep_for(std::chrono::milliseconds(2100));  // its time of change is nobody's to set
  for (int i = 0; i < 3; ++i) cache_.read_lists(request, reader);
  EXPECT_EQ(read, 1u);
  ASSERT_TRUE(request[0].content);
  EXPECT_EQ(request[0].content->parts[0].names.size(), 1u);
  write("a.names", "a.example\n");
  const auto before = request[0].content;
  cache_.read_lists(request, reader);
  EXPECT_EQ(read, 2u);
  EXPECT_EQ(request[0].content, before);  // the same bytes are not parsed again
}

TEST_F(CompileCacheTest, ListsThatAPolicyNoLongerHasAreForgottenOnceItIsRight) {
  write("a.names", "a.example\n");
  std::vector<ListRequest> request(1);
  request[0].path = path_ / "a.names";
  const auto content_now = [&] {
    cache_.read_lists(request, [](const std::string&, std::string& text, std::string&) {
      text = "a.example\n";
      return true;
    });
    return request[0].content;
  };
  const auto first = content_now();
  cache_.forget_unused();
  EXPECT_EQ(content_now(), first);  // used, and kept
  cache_.forget_unused();
  std::vector<ListRequest> none;
  cache_.read_lists(none, {});  // of a policy with an error
  EXPECT_EQ(content_now(), first);
  cache_.forget_unused();
  cache_.read_lists(none, {});
  cache_.forget_unused();  // and of one that is right
  EXPECT_NE(content_now(), first);
}

}  // namespace
}  // namespace sluice::control::test
