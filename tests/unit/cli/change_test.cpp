// cli tests: what sluicectl asks for to change what is enforced, and the file of exceptions that it writes.
#include "control/cli/change.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <deque>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "control/cli/commands.h"
#include "control/cli/exception_file.h"
#include "control/cli/period.h"
#include "control/policy/policy_compiler.h"
#include "tests/unit/cli/fake_daemon.h"

namespace sluice::control {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

struct ChangeTest : testing::Test {
  fs::path root = fs::temp_directory_path() / ("sluice-change-" + std::to_string(::getpid()));
  fs::path policies = root / "policies", file = policies / kExceptionFile;
  std::string socket = (root / "socket").string();
  std::vector<json> asked;
  std::string seen;  ///< the file of exceptions when the last answer was given
  std::string out;
  int status = -1;

  ChangeTest() {
    fs::remove_all(root);
    fs::create_directories(policies);
    write(policies / "site.yaml",
          "site: s\ntimezone: Asia/Shanghai\n"
          "lines: {l: {operator: o, licence: l, contract: c, filing: f, purpose: internal-office,\n"
          "  valid: {from: 2020-01-01, until: 2090-01-01}}}\n"
          "networks: {staff: {prefixes: [10.1.0.0/16], line: l, default: block}}\n"
          "rules: [{name: it-1, to: [bad.example], action: block}]\n");
  }
  ~ChangeTest() override { fs::remove_all(root); }

  static void write(const fs::path& path, const std::string& text) { std::ofstream(path) << text; }
  static std::string read(const fs::path& path) {
    std::ifstream in(path);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  json in_directory() const { return {{"directory", policies.string()}}; }

  /// Runs a command against a daemon that gives these answers, one to each client.
  template <typename Command>
  void run(std::deque<json> answers, Command command) {
    asked.clear();
    const FakeDaemon daemon(socket, [&](const json& request) {
      asked.push_back(request);
      seen = read(file);
      if (answers.empty()) {
        return json{{"error", "nobody expected that it asks again"}};
      }
      json answer = std::move(answers.front());
      answers.pop_front();
      return answer;
    });
    status = captured(command, out);
  }
  void except(const ExceptOptions& options, const json& answer = {{"generation", 2}, {"enforced", true}}) {
    run({in_directory(), answer}, [&] { return run_except(socket, options); });
  }
  bool says(const std::string& text) const { return out.find(text) != std::string::npos; }
};

ExceptOptions vendor() {
  ExceptOptions out;
  out.from = {"10.1.9.7"};
  out.to = {"vendor.example", "198.51.100.9"};
  out.time = "4h";
  out.owner = "li.wei";
  out.ticket = "IT-1";
  return out;
}

TEST_F(ChangeTest, ApplyAsksForATrial) {
  run({{{"generation", 2}, {"enforced", true}, {"confirm", {{"back_to", 1}, {"seconds_left", 300}}}}}, [&] {
    return run_apply(socket, {.reason = "because", .confirm = "5m", .wait = true, .no_preview = true});
  });
  EXPECT_EQ(status, kDone);
  EXPECT_EQ(asked[0], (json{{"command", "apply"}, {"reason", "because"}, {"wait", true}, {"confirm", 300}}));
  EXPECT_TRUE(says("goes back to generation 1\nin 5m without sluicectl confirm")) << out;
  for (const char* wrong : {"4s", "25h", "5", "m", "-5m", "5 m", "soon"}) {
    run({}, [&] { return run_apply(socket, {.reason = "because", .confirm = wrong}); });
    EXPECT_EQ(status, kCannot) << wrong;
    EXPECT_TRUE(says("--confirm cannot be " + std::string(wrong) + "; write 5s to 1d")) << out;
  }
}

TEST_F(ChangeTest, BypassNeedsATimeAndAReason) {
  run({}, [&] { return run_bypass(socket, {"30m", "", false, false}); });
  EXPECT_EQ(status, kCannot);
  run({}, [&] { return run_bypass(socket, {"", "why", false, false}); });
  EXPECT_EQ(status, kCannot);
  run({}, [&] { return run_bypass(socket, {"25h", "why", false, false}); });
  EXPECT_TRUE(says("--for cannot be 25h; write 1s to 1d")) << out;
  run({{{"generation", 2}, {"enforced", true}, {"bypass", {{"seconds_left", 1799}}}}}, [&] {
    return run_bypass(socket, {"30m", "why", false, false});
  });
  EXPECT_EQ(asked[0], (json{{"command", "bypass"}, {"reason", "why"}, {"seconds", 1800}, {"wait", true}}));
  EXPECT_TRUE(says("BYPASS: everything passes, for\n29m 59s")) << out;
  run({{{"generation", 3}, {"enforced", true}}}, [&] { return run_bypass(socket, {"", "", true, false}); });
  EXPECT_EQ(asked[0]["seconds"], 0);
}

TEST_F(ChangeTest, ExceptWritesWhatThePolicyTakes) {
  ExceptOptions options = vendor();
  options.reason = "audit\nof \"2026\"";
  except(options);
  EXPECT_EQ(status, kDone) << out;
  ASSERT_EQ(asked.size(), 2u);
  EXPECT_EQ(asked[1]["command"], "apply");
  EXPECT_EQ(asked[1]["only"], std::string(kExceptionFile));
  EXPECT_EQ(asked[1]["reason"],
            "exception it-1-2 for 4h: 10.1.9.7 to vendor.example, 198.51.100.9, li.wei, IT-1: audit of "
            "\"2026\"");
  EXPECT_EQ(seen, read(file)) << "it lies there when it is enforced";
  const Compiled compiled = compile_policy(policies, 1);
  EXPECT_TRUE(compiled.policy.has_value()) << to_string(compiled.diagnostics.at(0));
  std::string error;
  const auto all = read_exceptions(read(file), error);
  ASSERT_TRUE(all) << error;
  ASSERT_EQ(all->size(), 1u);
  EXPECT_EQ(all->at(0).name, "it-1-2") << "a rule has the name it-1";
  EXPECT_EQ(write_exceptions(*all), read(file));
}

TEST_F(ChangeTest, WhatIsRefusedLeavesTheDirectoryAsItWas) {
  except(vendor(), {{"error", "the policy is invalid"}, {"diagnostics", json::array()}});
  EXPECT_EQ(status, kCannot);
  EXPECT_FALSE(seen.empty());
  EXPECT_FALSE(fs::exists(file));
  EXPECT_TRUE(says("the policy's directory is as it was")) << out;
  except(vendor());
  const std::string before = read(file);
  except(vendor(), {{"error", "other saved changes wait for sluicectl apply: site.yaml"}});
  EXPECT_EQ(read(file), before);
  EXPECT_NE(seen, before);
}

TEST_F(ChangeTest, ExpiredOnesAreClearedAwayAtTheNextWriting) {
  write(file, write_exceptions({{"old", {"10.1.0.1"}, {"a.example"}, "o", "t", "2020-01-01T00:00", "n"},
                                {"new", {"10.1.0.1"}, {"b.example"}, "o", "t", "2089-01-01T00:00", ""}}));
  ExceptOptions options = vendor();
  options.name = "old";  // free again
  options.with_pending = true;
  except(options);
  EXPECT_EQ(status, kDone) << out;
  EXPECT_FALSE(asked[1].contains("only"));
  std::string error;
  const auto all = read_exceptions(read(file), error);
  ASSERT_TRUE(all) << error;
  ASSERT_EQ(all->size(), 2u);
  EXPECT_EQ(all->at(0).name, "new");
  EXPECT_EQ(all->at(1).name, "old");
}

TEST_F(ChangeTest, EndTakesOneOutAndTheLastOneTheFile) {
  except(vendor());
  ExceptOptions options;
  options.end = "nobody";
  except(options);
  EXPECT_EQ(status, kCannot);
  EXPECT_TRUE(says("no exception named nobody")) << out;
  options.end = "it-1-2";
  except(options);
  EXPECT_EQ(status, kDone);
  EXPECT_FALSE(fs::exists(file));
  EXPECT_EQ(asked[1]["reason"], "exception it-1-2 ended");
}

TEST_F(ChangeTest, EditByHandIsNotLost) {
  except(vendor());
  const std::string edited = read(file) + "  - {name: mine, to: [x.example]}\n";
  write(file, edited);
  except(vendor());
  EXPECT_EQ(status, kCannot);
  EXPECT_EQ(read(file), edited);
  EXPECT_TRUE(says("line 6 is not as sluicectl writes it; move what was written by hand")) << out;
}

TEST_F(ChangeTest, ListShowsWhatIsLeft) {
  write(file, write_exceptions({{"old", {"10.1.0.1"}, {"a.example"}, "o", "t", "2020-01-01T00:00", "n"},
                                {"new", {"10.1.0.1"}, {"b.example"}, "o", "t", "2089-01-01T00:00", ""}}));
  ExceptOptions options;
  options.list = true;
  run({in_directory()}, [&] { return run_except(socket, options); });
  EXPECT_EQ(status, kDone);
  EXPECT_TRUE(says("until 2020-01-01T00:00, expired")) << out;
  EXPECT_TRUE(says(" left\n  o, t\n")) << out;
  options.json = true;
  run({in_directory()}, [&] { return run_except(socket, options); });
  EXPECT_EQ(json::parse(out)["exceptions"][0]["seconds_left"], 0);
}

TEST_F(ChangeTest, WhatIsMissingIsNamed) {
  for (const auto& [member, option] :
       {std::pair{&ExceptOptions::owner, "--owner"}, std::pair{&ExceptOptions::ticket, "--ticket"},
        std::pair{&ExceptOptions::time, "--for"}}) {
    ExceptOptions options = vendor();
    (options.*member).clear();
    run({}, [&] { return run_except(socket, options); });
    EXPECT_EQ(status, kCannot);
    EXPECT_TRUE(says("an exception needs " + std::string(option))) << out;
  }
  ExceptOptions options = vendor();
  options.time = "800d";
  run({}, [&] { return run_except(socket, options); });
  EXPECT_TRUE(says("--for cannot be 800d; write 1m to 730d")) << out;
}

TEST(Durations, AreReadAndShown) {
  using std::chrono::seconds;
  EXPECT_EQ(read_duration("90s"), seconds(90));
  EXPECT_EQ(read_duration("7d"), seconds(7 * 86'400));
  for (const char* wrong : {"", "h", "1", "1.5h", "1h30m", "-1h", "99999999999999999999d"}) {
    EXPECT_EQ(read_duration(wrong), std::nullopt) << wrong;
  }
  EXPECT_EQ(duration_text(seconds(0)), "0s");
  EXPECT_EQ(duration_text(seconds(90)), "1m 30s");
  EXPECT_EQ(duration_text(seconds(86'400 + 3600 + 60)), "1d 1h");
  EXPECT_EQ(duration_text(seconds(86'460)), "1d 1m");
}

}  // namespace
}  // namespace sluice::control
