// cli tests: what sluicectl lines shows; what sluicectl evidence refuses, and leaves behind.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "control/cli/audit.h"
#include "control/cli/commands.h"
#include "control/policy/line_register.h"
#include "control/segment/writer.h"
#include "tests/unit/cli/fake_daemon.h"

namespace sluice::control {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

struct AuditTest : testing::Test {
  fs::path root = fs::temp_directory_path() / ("sluice-audit-" + std::to_string(::getpid()));
  std::string socket = (root / "socket").string(), out;
  int status = -1;

  AuditTest() {
    fs::remove_all(root);
    fs::create_directories(root);
  }
  ~AuditTest() override { fs::remove_all(root); }
  bool says(const std::string& text) const { return out.find(text) != std::string::npos; }
  static json line(int days_left) {
    return {{"name", "iplc-sg"},
            {"operator", "Example\x1b[31m Telecom"},
            {"valid_from", "2026-01-01"},
            {"valid_until", "2026-12-31"},
            {"days_left", days_left},
            {"on_expiry", "block"},
            {"networks", {"staff", 7}},
            {"papers", {{{"file", "c.pdf"}, {"sha256", "aa"}}}},
            {"verdict", "ok"},
            {"why", "all well"},
            {"line_link", "down"}};
  }
  void show(const json& answer) {
    const FakeDaemon daemon(socket, [&](const json&) { return answer; });
    status = captured([&] { return run_lines(socket, {}); }, out);
  }
};

TEST_F(AuditTest, LinesAreShownWithTermPapersAndState) {
  show({{"company", {{"name", "Example"}}}, {"lines", {line(12), {{"name", "m"}}, 7}}});
  EXPECT_EQ(status, kDone);
  EXPECT_TRUE(says("company      Example")) << out;
  EXPECT_TRUE(says("2026-01-01 to 2026-12-31, 12 days left; then it is refused")) << out;
  EXPECT_TRUE(says("c.pdf, SHA-256 aa")) << out;
  EXPECT_TRUE(says("ok, line link down: all well")) << out;
  EXPECT_TRUE(says("staff, ?")) << out;
  EXPECT_EQ(out.find('\x1b'), std::string::npos) << "what came from outside colours nothing";
  EXPECT_TRUE(says("m            not known")) << out;
}

TEST_F(AuditTest, ATermThatIsOverSaysSo) {
  show({{"lines", {line(-3)}}});
  EXPECT_TRUE(says("over for 3 days; it is refused")) << out;
  show({{"lines", {line(0)}}});
  EXPECT_TRUE(says("today is its last day")) << out;
}

TEST_F(AuditTest, WithoutAPolicyLinesCannotBeShown) {
  show({{"error", "the policy in force is not known yet"}});
  EXPECT_EQ(status, kCannot);
}

TEST_F(AuditTest, LinesOfADirectoryNeedNoDaemon) {
  std::ofstream(root / "c.pdf") << "scan";
  std::ofstream(root / "p.yaml")
      << "site: s\nnetworks: {n: {prefixes: [10.1.0.0/16], line: l, default: block}}\n"
         "lines: {l: {operator: o, valid: {from: 2020-01-01, until: 2020-12-31}, papers: [c.pdf]}}\n";
  status = captured([&] { return run_lines(socket, {.policy = root.string(), .json = true}); }, out);
  EXPECT_EQ(status, kDone);
  const json said = json::parse(out, nullptr, false);
  EXPECT_EQ(said["lines"][0]["over"], true);
  EXPECT_EQ(said["lines"][0]["papers"][0]["bytes"], 4);
  EXPECT_EQ(said["lines"][0]["verdict"], nullptr);
  fs::remove(root / "c.pdf");
  EXPECT_EQ(captured([&] { return run_lines(socket, {.policy = root.string()}); }, out), kCannot);
}

struct EvidenceCommandTest : AuditTest {
  EvidenceCommand command{.since = "2026-11-01",
                          .until = "2026-11-30",
                          .out = (root / "e.tar.zst").string(),
                          .log = (root / "log").string(),
                          .state = (root / "state").string()};
  std::string error;
  std::unique_ptr<SegmentWriter> writer = SegmentWriter::open(command.log, command.state, {}, error);
  std::unique_ptr<SealedFile> history = SealedFile::open(history_paths(command.state), "history", {}, error);
  bool signs = true;

  int run() {
    const FakeDaemon daemon(socket, [&](const json& request) -> json {
      if (request["command"] == "evidence") {
        json line{{"kind", "evidence"}, {"user", "root"}, {"sha256", request["sha256"]}};
        std::string written;
        const std::string why = signs ? writer->heads().append(line, &written) : "the disk is full";
        return why.empty() ? json{{"signed", written}} : json{{"error", why}};
      }
      return request["command"] == "lines" ? register_json({}) : json{{"policy", {{"site", "s"}}}};
    });
    return captured([&] { return run_evidence(socket, command); }, out);
  }
  size_t half_made() const {
    return static_cast<size_t>(
        std::count_if(fs::directory_iterator(root), fs::directory_iterator(),
                      [](const auto& each) { return each.path().extension() == ".tmp"; }));
  }
};

TEST_F(EvidenceCommandTest, MakesAnArchiveThatOnlyItsOwnerMayRead) {
  EXPECT_EQ(run(), kDone) << out;
  EXPECT_EQ(fs::status(command.out).permissions() & fs::perms::others_all, fs::perms::none);
  EXPECT_TRUE(says("nothing of the log is signed yet")) << out;
  EXPECT_TRUE(says("line 1 of heads.jsonl says that root made it")) << out;
}

TEST_F(EvidenceCommandTest, WritesOverNothing) {
  std::ofstream(command.out) << "theirs";
  EXPECT_EQ(run(), kCannot);
  EXPECT_EQ(fs::file_size(command.out), 6u);
}

TEST_F(EvidenceCommandTest, WhatIsNotSignedIsNotThere) {
  signs = false;
  EXPECT_EQ(run(), kCannot);
  EXPECT_FALSE(fs::exists(command.out));
  EXPECT_EQ(half_made(), 0u);
}

TEST_F(EvidenceCommandTest, WithoutTheDaemonThereIsNone) {
  EXPECT_EQ(captured([&] { return run_evidence(socket, command); }, out), kCannot);
  EXPECT_FALSE(fs::exists(command.out));
}

TEST_F(EvidenceCommandTest, APeriodThatIsNoneIsRefused) {
  command.since = "yesterday";
  EXPECT_EQ(run(), kCannot);
  command.since = "2026-12-01";
  EXPECT_EQ(run(), kCannot);
}

}  // namespace
}  // namespace sluice::control
