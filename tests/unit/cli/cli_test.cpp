// cli tests: what sluicectl prints of a policy, and with which status it ends.
#include <gtest/gtest.h>

#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "control/cli/change.h"
#include "control/cli/commands.h"
#include "control/cli/diff.h"

namespace sluice::control {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr const char* kPolicy = R"(
site: test-office
lines:
  iplc-sg: {operator: Example Telecom, licence: A1, contract: C1, filing: F1, purpose: internal-office, bandwidth: 1M,
            link: [192.0.2.1, 192.0.2.2], valid: {from: 2026-01-01, until: 2039-12-31}, on-expiry: warn}
networks:
  staff: {prefixes: [10.20.0.0/16], line: iplc-sg, default: allow}
  guests: {prefixes: [10.99.0.0/16], line: none}
  tagged: {prefixes: [10.30.0.0/16], vlans: [30], line: iplc-sg, default: allow}
resolvers: [10.20.0.10]
rules:
  - {name: no-betting, to: [bet.example], action: block}
  - {name: print, direction: inbound, from: [10.64.0.0/12], to: [10.20.250.0/24], ports: [tcp/9100], action: allow}
  - {name: watch, to: [video.example], action: observe}
)";

struct CliTest : testing::Test {
  fs::path directory = fs::temp_directory_path() / ("sluice-cli-" + std::to_string(::getpid()));
  ExplainOptions options;
  std::string out;

  CliTest() {
    save(kPolicy);
    options.policy = directory.string();
    options.from = "10.20.1.7";
    options.json = true;
  }
  ~CliTest() override { fs::remove_all(directory); }

  void save(const std::string& text) const {
    fs::create_directories(directory);
    std::ofstream(directory / "site.yaml", std::ios::trunc) << text;
  }
  template <typename Command>
  int run(Command command) {
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    const int status = command();
    out = testing::internal::GetCapturedStdout() + testing::internal::GetCapturedStderr();
    return status;
  }
  json explain() {
    EXPECT_EQ(run([&] { return run_explain(options); }), kDone) << out;
    json answer = json::parse(out, nullptr, false);
    EXPECT_TRUE(answer.is_object()) << out;
    return answer;
  }
  std::string verdict() {
    const json answer = explain();
    return answer["action"].get<std::string>() + " " + answer["reason"].get<std::string>();
  }
};

TEST_F(CliTest, CheckOfAValidPolicyEndsWithZero) {
  EXPECT_EQ(run([&] { return run_check(directory.string(), {}, false); }), kDone) << out;
  EXPECT_NE(out.find("is valid: site test-office: 3 networks, 3 rules"), std::string::npos) << out;
}

TEST_F(CliTest, CheckPrintsEveryProblemWithItsPlace) {
  save(std::string(kPolicy) +
       "  - {name: one, to: [nowhere], action: block}\n  - {name: two, to: [a.example], action: no}\n");
  EXPECT_EQ(run([&] { return run_check(directory.string(), {}, false); }), kCannot);
  EXPECT_NE(out.find("site.yaml:15:"), std::string::npos) << out;
  EXPECT_NE(out.find("site.yaml:16:"), std::string::npos) << out;
  EXPECT_EQ(run([&] { return run_check(directory.string(), {}, true); }), kCannot);
  EXPECT_GE(json::parse(out)["errors"].get<int>(), 2);
}

TEST_F(CliTest, CheckOfNoDirectoryCannot) {
  EXPECT_EQ(run([&] { return run_check((directory / "nowhere").string(), {}, false); }), kCannot);
}

TEST_F(CliTest, ExplainNamesRuleAndTrace) {
  options.host = "WWW.Bet.Example.";
  const json answer = explain();
  EXPECT_EQ(answer["action"].get<std::string>(), "blocked");
  EXPECT_EQ(answer["rule"].get<std::string>(), "no-betting");
  EXPECT_EQ(answer["network"].get<std::string>(), "staff");
  ASSERT_EQ(answer["trace"].size(), 1u);
  EXPECT_TRUE(answer["trace"][0]["matched"].get<bool>());
}

TEST_F(CliTest, ExplainFallsBackAsTheGatewayDoes) {
  options.host = "news.example";
  EXPECT_EQ(verdict(), "allowed default");
  options.host = "video.example";
  EXPECT_EQ(explain()["action"].get<std::string>(), "observed");
  options.host = "news.example";
  options.from = "10.99.0.7";
  EXPECT_EQ(verdict(), "blocked wrong-line");
  options.from = "192.0.2.9";
  EXPECT_EQ(verdict(), "blocked transit");
  options.from = "10.30.0.1";
  EXPECT_EQ(verdict(), "blocked unregistered-source");
  options.vlan = 30;
  EXPECT_EQ(verdict(), "allowed default");
}

TEST_F(CliTest, ExplainOfInboundTakesTheLanSideAsDestination) {
  options.inbound = true;
  options.protocol = "unknown";
  options.from = "10.64.0.5";
  options.to = "10.20.250.9";
  options.port = 9100;
  EXPECT_EQ(verdict(), "allowed rule");
  options.port = 22;
  EXPECT_EQ(verdict(), "blocked inbound-refused");
}

TEST_F(CliTest, ExplainKnowsTunnels) {
  options.to = "198.51.100.9";
  options.protocol = "wireguard";
  EXPECT_EQ(verdict(), "blocked tunnel");
  options.protocol = "gre";
  EXPECT_EQ(verdict(), "blocked tunnel");
  options.protocol = "ssh";
  EXPECT_EQ(verdict(), "blocked unknown-protocol");
}

TEST_F(CliTest, ExplainSaysWhereTheRuleAndTheEntryStand) {
  options.host = "www.bet.example";
  const json answer = explain();
  EXPECT_EQ(answer["rule_place"]["line"].get<int>(), 12);
  EXPECT_EQ(answer["list_place"]["entry"].get<std::string>(), "bet.example");
  EXPECT_EQ(answer["trace"][0]["place"]["line"].get<int>(), 12);
  options.json = false;
  EXPECT_EQ(run([&] { return run_explain(options); }), kDone);
  EXPECT_NE(out.find("site.yaml:12\n"), std::string::npos) << out;
}

TEST_F(CliTest, ExplainAnswersAFileOfQuestions) {
  const fs::path questions = directory / "questions";
  std::ofstream(questions) << R"({"from":"10.20.1.7","host":"bet.example"})"
                           << "\n"
                           << R"({"from":"10.20.1.7","host":"news.example","protocol":"dns","port":53})"
                           << "\n";
  options.questions = questions.string();
  ASSERT_EQ(run([&] { return run_explain(options); }), kDone) << out;
  std::istringstream lines(out);
  std::string first, second;
  std::getline(lines, first);
  std::getline(lines, second);
  EXPECT_EQ(json::parse(first)["action"].get<std::string>(), "blocked");
  EXPECT_EQ(json::parse(second)["action"].get<std::string>(), "allowed");
  for (const char* wrong : {"x", "{}", R"({"from":1})", R"({"from":"10.20.1.7","port":70000})",
                            R"({"from":"10.20.1.7","colour":"red"})"}) {
    std::ofstream(questions, std::ios::trunc) << wrong << "\n";
    EXPECT_EQ(run([&] { return run_explain(options); }), kCannot) << wrong;
    EXPECT_NE(out.find("line 1: "), std::string::npos) << out;
  }
}

TEST_F(CliTest, ExplainOfAGatewayThatIsDownCannot) {
  options.policy.clear();
  options.socket = (directory / "nowhere.sock").string();
  EXPECT_EQ(run([&] { return run_explain(options); }), kCannot);
  EXPECT_NE(out.find("does sluice-control run?"), std::string::npos) << out;
}

TEST_F(CliTest, DiffTellsWhatChangedAndCannotOfNonsense) {
  const fs::path other = directory.string() + "-after";
  fs::create_directories(other);
  std::ofstream(other / "site.yaml") << kPolicy << "  - {name: no-news, to: [news.example], action: block}\n";
  DiffOptions diff;
  diff.before = directory.string();
  diff.after = other.string();
  EXPECT_EQ(run([&] { return run_diff(diff); }), kDone) << out;
  EXPECT_NE(out.find("added no-news, for everyone"), std::string::npos) << out;
  diff.json = true;
  EXPECT_EQ(run([&] { return run_diff(diff); }), kDone);
  EXPECT_EQ(json::parse(out)["changes"][0]["name"].get<std::string>(), "no-news");
  diff.replay_log = true;
  diff.log = (other / "nowhere").string();
  EXPECT_EQ(run([&] { return run_diff(diff); }), kCannot) << out;
  diff.since = "yesterday";
  EXPECT_EQ(run([&] { return run_diff(diff); }), kCannot) << out;
  diff.after = (other / "nowhere").string();
  EXPECT_EQ(run([&] { return run_diff(diff); }), kCannot) << out;
  fs::remove_all(other);
}

TEST_F(CliTest, ExplainWithExitCodeSaysNoToWhatIsBlocked) {
  options.exit_code = true;
  options.host = "bet.example";
  EXPECT_EQ(run([&] { return run_explain(options); }), kNo);
  options.host = "news.example";
  EXPECT_EQ(run([&] { return run_explain(options); }), kDone);
}

TEST_F(CliTest, ExplainAtATimeTellsWhatHoldsThen) {
  std::string text = kPolicy;
  text.insert(text.find("rules:\n") + 7,
              "  - {name: not-at-work, to: [games.example], when: office, action: block}\n");
  save("timezone: Asia/Shanghai\nschedules: {office: {days: mon-fri, hours: \"08:30-18:30\"}}\n" + text);
  options.host = "games.example";
  const auto now = std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now());
  const auto monday = now + std::chrono::days{7} - (std::chrono::weekday{now} - std::chrono::Monday);
  const std::chrono::year_month_day date{monday};
  char day[16];
  std::snprintf(day, sizeof day, "%04d-%02u-%02u", int{date.year()}, unsigned{date.month()},
                unsigned{date.day()});
  for (const auto& [time, action] :
       {std::pair{"T08:29:59", "allowed"}, std::pair{"T08:30", "blocked"}, std::pair{"T00:30:00Z", "blocked"},
        std::pair{"T10:30:00Z", "allowed"}, std::pair{"T18:29:59+08:00", "blocked"},
        std::pair{"T00:30:00-02:00", "blocked"}}) {
    options.at = std::string(day) + time;
    const json answer = explain();
    EXPECT_EQ(answer["action"].get<std::string>(), action) << options.at;
    EXPECT_EQ(answer["trace"][0]["why"].get<std::string>(),
              std::string_view(action) == "blocked" ? "matches" : "does not hold at this time");
  }
}

TEST_F(CliTest, ExplainTakesANameInItsOwnLetters) {
  std::string text = kPolicy;
  text.insert(text.find("rules:\n") + 7, "  - {name: no-books, to: [bücher.example], action: block}\n");
  save(text);
  options.host = "www.Bücher.example.";
  const json answer = explain();
  EXPECT_EQ(answer["action"].get<std::string>(), "blocked");
  EXPECT_EQ(answer["rule"].get<std::string>(), "no-books");
}

TEST_F(CliTest, ExplainNamesWhoAnswersForAnException) {
  const auto year = [](int later) {
    const auto now = std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now());
    return std::to_string(int{std::chrono::year_month_day{now}.year()} + later);
  };
  save(
      std::string(kPolicy) +
      "exceptions:\n  - {name: over, to: [bet.example], action: allow, owner: wang, ticket: IT-1, expires: " +
      year(-1) +
      "-06-30}\n  - {name: audit, to: [bet.example], action: allow, owner: li.wei, ticket: IT-2, " +
      "expires: " + year(1) + "-06-30}\n");
  options.host = "bet.example";
  const json answer = explain();
  EXPECT_EQ(answer["action"].get<std::string>(), "allowed");
  EXPECT_EQ(answer["rule"].get<std::string>(), "audit");
  EXPECT_EQ(answer["owner"].get<std::string>(), "li.wei");
  EXPECT_EQ(answer["ticket"].get<std::string>(), "IT-2");
  EXPECT_EQ(answer["trace"][0]["why"].get<std::string>(), "has expired");
  EXPECT_EQ(answer["trace"][0]["owner"].get<std::string>(), "wang");
  options.json = false;
  EXPECT_EQ(run([&] { return run_explain(options); }), kDone);
  EXPECT_NE(out.find("over (exception of wang, IT-1): has expired"), std::string::npos) << out;
  EXPECT_NE(out.find("audit (exception of li.wei, IT-2)"), std::string::npos) << out;
}

TEST_F(CliTest, ExplainOfNonsenseCannot) {
  const auto cannot = [&](auto change) {
    ExplainOptions wrong = options;
    change(wrong);
    const int status = run([&] { return run_explain(wrong); });
    EXPECT_TRUE(out.starts_with("sluicectl: ") || out.find("sluicectl: ") != std::string::npos) << out;
    return status == kCannot;
  };
  EXPECT_TRUE(cannot([](ExplainOptions& o) { o.from = "10.20.1"; }));
  EXPECT_TRUE(cannot([](ExplainOptions& o) { o.to = "x"; }));
  EXPECT_TRUE(cannot([](ExplainOptions& o) { o.to = "2001:db8::1"; }));
  EXPECT_TRUE(cannot([](ExplainOptions& o) { o.host = "a..b"; }));
  EXPECT_TRUE(cannot([](ExplainOptions& o) { o.host = "*.b"; }));
  EXPECT_TRUE(cannot([](ExplainOptions& o) { o.host = "cdn*.b"; }));
  EXPECT_TRUE(cannot([](ExplainOptions& o) { o.host = std::string(300, 'a'); }));
  EXPECT_TRUE(cannot([](ExplainOptions& o) {
    o.host = ".";
    o.inbound = true;
  }));
  EXPECT_TRUE(cannot([](ExplainOptions& o) { o.line = "nowhere"; }));
  for (const char* at :
       {"tomorrow", "2026-02-29", "2026-11-23T25:00", "2026-11-23T09:00+8", "2026-11-23T09:00:61",
        "2026-11-23T09:00:0", "1999-01-01", "2999-01-01", "2026-11-23T", "T09:00"})
    EXPECT_TRUE(cannot([&](ExplainOptions& o) { o.at = at; })) << at;
  EXPECT_TRUE(cannot([](ExplainOptions& o) { o.policy += "/nowhere"; }));
}

TEST_F(CliTest, NobodyListeningCannot) {
  EXPECT_EQ(run([&] { return run_status((directory / "no.sock").string(), false); }), kCannot);
  EXPECT_EQ(run([&] { return run_apply((directory / "no.sock").string(), {.reason = "r"}); }), kCannot);
  EXPECT_NE(out.find("does sluice-control run?"), std::string::npos);
}

}  // namespace
}  // namespace sluice::control
