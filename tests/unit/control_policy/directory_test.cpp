// tests: a policy as a directory.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>

#include "tests/unit/control_policy/compile_helper.h"

namespace sluice::control::test {
namespace {

namespace fs = std::filesystem;

class Directory : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "sluice-policy-XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    path_ = name;
  }
  void TearDown() override { fs::remove_all(path_); }
  void write(const std::string& name, std::string_view text) {
    fs::create_directories((path_ / name).parent_path());
    std::ofstream(path_ / name) << text;
  }
  /// The problems, without the directory's own path.
  std::vector<std::string> problems() {
    std::vector<std::string> out;
    for (const Diagnostic& diagnostic : compile_policy(path_, 1).diagnostics) {
      std::string text = to_string(diagnostic);
      const size_t at = text.find(path_.string());
      out.push_back(at == 0 ? text.substr(path_.string().size()) : text);
    }
    return out;
  }
  fs::path path_;
};
using Texts = std::vector<std::string>;

TEST_F(Directory, IsReadInTheOrderOfNames) {
  write("20-rules.yaml",
        "rules: [{name: a, to: [names], action: block}]\nlists: {names: {files: [lists/x.names]}}\n");
  write("10-site.yaml", kBase);
  write("lists/x.names", "x.example\n");
  write(".hidden.yaml", "nonsense: 1\n");
  write("readme.txt", "nonsense\n");
  const Compiled compiled = compile_policy(path_, 1);
  ASSERT_TRUE(compiled.policy);
  EXPECT_EQ(compiled.policy->sources,
            (Texts{path_ / "10-site.yaml", path_ / "20-rules.yaml", path_ / "lists/x.names"}));
  EXPECT_EQ(compiled.policy->lists, 1u);
  EXPECT_EQ(compiled.policy->names, 1u);
}

TEST_F(Directory, MissingIsReported) {
  fs::remove_all(path_);
  EXPECT_EQ(problems(), (Texts{": cannot read the directory: No such file or directory; give the directory "
                               "that holds the *.yaml files"}));
}

TEST_F(Directory, EmptyIsReported) {
  write("policy.yml", kBase);
  const Compiled compiled = compile_policy(path_, 1);
  EXPECT_FALSE(compiled.policy);
  EXPECT_EQ(problems(), (Texts{": warning: 'policy.yml' is not read; name it *.yaml",
                               ": there is no *.yaml in this directory; a policy is one or more of them"}));
}

TEST_F(Directory, WhatIsNoFileIsReportedAndNeverWaitedFor) {
  write("a.yaml", kBase);
  ASSERT_EQ(mkfifo((path_ / "b.yaml").c_str(), 0600), 0);
  fs::create_directory(path_ / "c.yaml");
  fs::create_symlink("nowhere", path_ / "d.yaml");
  EXPECT_FALSE(compile_policy(path_, 1).policy);
  EXPECT_EQ(problems(), (Texts{": cannot read 'b.yaml': it is not a regular file",
                               ": cannot read 'c.yaml': it is not a regular file",
                               ": cannot read 'd.yaml': No such file or directory"}));
}

TEST_F(Directory, ListThatIsNoFileIsReportedWhereItIsNamed) {
  write("a.yaml",
        std::string(kBase) +
            "lists: {x: {files: [/dev/zero, lists]}}\nrules: [{name: a, to: [x], action: block}]\n");
  fs::create_directory(path_ / "lists");
  EXPECT_EQ(problems(), (Texts{"/a.yaml:4:21: cannot read '/dev/zero': it is not a regular file; a path "
                               "counts from the policy's directory",
                               "/a.yaml:4:32: cannot read 'lists': it is not a regular file; a path counts "
                               "from the policy's directory"}));
}

TEST_F(Directory, WhatIsTooLargeIsRefusedUnread) {
  write("a.yaml",
        std::string(kBase) + "lists: {x: {files: [huge]}}\nrules: [{name: a, to: [x], action: block}]\n");
  write("huge", "");
  fs::resize_file(path_ / "huge", uintmax_t{1} << 43);
  write("b.yaml", "");
  fs::resize_file(path_ / "b.yaml", uintmax_t{1} << 43);
  const auto began = std::chrono::steady_clock::now();
  EXPECT_EQ(problems(), (Texts{": cannot read 'b.yaml': it is larger than 64 MiB",
                               "/a.yaml:4:21: cannot read 'huge': it is larger than 1024 MiB; a path counts "
                               "from the policy's directory"}));
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::milliseconds(500));
}

TEST_F(Directory, ProblemsOfAListBearItsPath) {
  write("a.yaml", std::string(kBase) +
                      "lists: {x: {files: [l/x.names]}}\nrules: [{name: a, to: [x], action: block}]\n");
  write("l/x.names", "ok.example\nnot ok\n");
  EXPECT_TRUE(compile_policy(path_, 1).policy);
  EXPECT_EQ(problems(), (Texts{"/l/x.names:2:5: warning: 'ok' is a second word in its line; it is left out; "
                               "write one name a line, or format: hosts"}));
}

}  // namespace
}  // namespace sluice::control::test
