// reload tests: what the compiler keeps, and compiles again from it.
#include "control/reload/compile_worker.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

#include "control/accesslog/names.h"

namespace sluice::control {
namespace {

namespace fs = std::filesystem;

struct CompileWorkerTest : testing::Test {
  fs::path root = fs::temp_directory_path() / ("sluice-worker-" + std::to_string(::getpid()));
  fs::path policies = root / "policies", blobs = root / "blobs";
  CompileWorkerTest() {
    fs::remove_all(root);
    fs::create_directories(policies / "lists");
    fs::create_directories(blobs);
    write("site.yaml",
          "site: here\nnetworks:\n  staff: {prefixes: [10.0.0.0/8], line: none, default: allow}\n"
          "lists:\n  bad: {files: [lists/bad.names]}\n"
          "rules: [{name: no-bad, to: [bad], action: block}]\n");
    write("lists/bad.names", "Bad.example\n");
  }
  ~CompileWorkerTest() override { fs::remove_all(root); }
  void write(const char* name, const std::string& text) const {
    std::ofstream(policies / name, std::ios::trunc) << text;
  }
  CompileJob job(uint32_t generation = 3) const { return {policies, generation, {}, "", "", true}; }
};

TEST_F(CompileWorkerTest, ImageBearsTheGenerationAndIsSealed) {
  CompileWorker worker(blobs, root / "feeds", 0);
  const CompileOutcome out = worker.compile(job(41));
  ASSERT_TRUE(out.image) << out.failure;
  EXPECT_EQ(ImageNames::read(MappedImage(*out.image).bytes())->generation(), 41u);
  EXPECT_TRUE(image_intact(MappedImage(*out.image).bytes()));
  ASSERT_EQ(out.sources.size(), 2u);
  EXPECT_EQ(out.sources[0].kind, SourceFile::Kind::Policy);
  EXPECT_EQ(out.sources[1].kind, SourceFile::Kind::List);
  EXPECT_EQ(out.digest, digest_of(out.sources));
}

TEST_F(CompileWorkerTest, KeptSourcesCompileThoughTheDirectoryIsGone) {
  SourceList kept;
  std::string digest;
  {
    CompileWorker worker(blobs, root / "feeds", 0);
    const CompileOutcome out = worker.compile(job());
    kept = out.sources;
    digest = out.digest;
  }
  fs::remove_all(policies);
  CompileWorker worker(blobs, root / "feeds", 0);
  CompileJob again = job(4);
  again.kept = kept;
  const CompileOutcome out = worker.compile(again);
  ASSERT_TRUE(out.image) << out.failure;
  EXPECT_EQ(out.digest, digest);
  EXPECT_EQ(out.facts->names, 1u);
}

TEST_F(CompileWorkerTest, KeptAreTheBytesThatWereCompiledNotThoseOfNow) {
  CompileWorker worker(blobs, root / "feeds", 0);
  const CompileOutcome first = worker.compile(job());
  write("lists/bad.names", "one.example\ntwo.example\n");
  EXPECT_EQ(worker.compile(job()).facts->names, 2u);
  CompileJob again = job(5);
  again.kept = first.sources;
  const CompileOutcome out = worker.compile(again);
  ASSERT_TRUE(out.facts.has_value()) << out.failure;
  EXPECT_EQ(out.facts->names, 1u);
  EXPECT_EQ(out.digest, first.digest);
  EXPECT_EQ(worker.compile(job()).facts->names, 2u);
}

TEST_F(CompileWorkerTest, MissingBlobIsSaidAndNothingIsCompiled) {
  CompileWorker worker(blobs, root / "feeds", 0);
  CompileJob again = job();
  again.kept = worker.compile(job()).sources;
  worker.drain();
  for (const SourceFile& source : *again.kept) {
    fs::rename(blobs / (source.sha256 + ".zst"), blobs / "away");
    const CompileOutcome out = worker.compile(again);
    EXPECT_FALSE(out.facts.has_value());
    const std::string said = out.failure.empty() ? to_string(out.diagnostics.at(0)) : out.failure;
    EXPECT_NE(said.find("is not to be had"), std::string::npos) << said;
    fs::rename(blobs / "away", blobs / (source.sha256 + ".zst"));
  }
}

TEST_F(CompileWorkerTest, SameSourcesMakeNoImageUnlessWanted) {
  CompileWorker worker(blobs, root / "feeds", 0);
  CompileJob again = job();
  again.unless_digest = worker.compile(job()).digest;
  const CompileOutcome out = worker.compile(again);
  EXPECT_TRUE(out.facts.has_value());
  EXPECT_EQ(out.image, nullptr);
}

TEST_F(CompileWorkerTest, InvalidPolicySaysWhere) {
  CompileWorker worker(blobs, root / "feeds", 0);
  write("site.yaml", "site: [");
  const CompileOutcome out = worker.compile(job());
  EXPECT_FALSE(out.facts.has_value());
  EXPECT_EQ(out.failure, "");
  ASSERT_FALSE(out.diagnostics.empty());
  EXPECT_NE(to_string(out.diagnostics[0]).find("site.yaml:1:"), std::string::npos);
}

TEST_F(CompileWorkerTest, DirectoryThatIsGoneIsAProblemOfThePolicy) {
  fs::remove_all(policies);
  CompileWorker worker(blobs, root / "feeds", 0);
  const CompileOutcome out = worker.compile(job());
  EXPECT_FALSE(out.facts.has_value());
  EXPECT_EQ(out.diagnostics.size(), 1u);
}

}  // namespace
}  // namespace sluice::control
