// cli tests: a disclosure is there as a whole, signed, or not at all; what it says cannot steer a terminal.
#include "control/cli/disclose.h"

#include <gmock/gmock.h>

#include <csignal>
#include <functional>

#include "control/cli/commands.h"
#include "tests/unit/cli/fake_daemon.h"
#include "tests/unit/disclosure/disclosures.h"

namespace sluice::control {
namespace {

using nlohmann::json;
using testing::HasSubstr;

struct DiscloseCommand : DisclosureTest {
  std::string socket = root / "api.sock";
  LogsDiscloseOptions options{
      .log = log, .query = {.from = client(0)}, .name = "2026-7", .out = root / "out"};
  std::string said;

  DiscloseCommand() { add_closed(2, 6); }

  /// Runs the command against a daemon that answers so.
  int run(const std::function<json(const json& request)>& answer) {
    const FakeDaemon daemon(socket, [&answer](const json& request) {
      return request["command"] == "reading" ? json{{"line", 1}} : answer(request);
    });
    return captured([&] { return run_logs_disclose(socket, options); });
  }
  template <typename Command>
  int captured(Command command) {
    return control::captured(command, said);
  }
  json sign(const json& request, SegmentWriter& with) {
    return record_disclosure(request, 1000, "li.wei", kNow, [&](const json& line, std::string& written) {
      return with.heads().append(line, &written);
    });
  }
  json sign(const json& request) { return sign(request, *writer); }
  /// Neither the file nor one that is half made.
  void expect_nothing_there() {
    for (const auto& each : std::filesystem::directory_iterator(root)) {
      EXPECT_FALSE(each.path().filename().string().starts_with("out")) << each.path();
    }
  }
};

TEST_F(DiscloseCommand, MakesAFileThatProvesItself) {
  EXPECT_EQ(run([&](const json& request) {
              EXPECT_EQ(request["command"], "disclose");
              return sign(request);
            }),
            kDone);
  EXPECT_THAT(said, HasSubstr("4 lines in 2 frames of 1 segment"));
  EXPECT_THAT(said, HasSubstr("line 2 of heads.jsonl says that li.wei disclosed it for 2026-7"));
  EXPECT_EQ(captured([&] { return run_logs_prove({.file = options.out}); }), kDone);
  EXPECT_THAT(said, HasSubstr("proven: 4 of 4 lines"));
  EXPECT_EQ(captured([&] {
              return run_logs_prove({.file = options.out, .witness = log / "heads.jsonl", .json = true});
            }),
            kDone);
  EXPECT_EQ(json::parse(said)["compared_with_witness"], 2);
  EXPECT_EQ(captured([&] { return run_logs_prove({.file = options.out, .fingerprint = "0"}); }), kNo);
  EXPECT_EQ(captured([&] { return run_logs_prove({.file = root / "missing"}); }), kCannot);
}

TEST_F(DiscloseCommand, LeavesNothingWhereTheDaemonRefuses) {
  EXPECT_EQ(run([](const json&) { return json{{"error", "not you"}}; }), kCannot);
  EXPECT_THAT(said, HasSubstr("not you; nothing is disclosed"));
  expect_nothing_there();
}

TEST_F(DiscloseCommand, LeavesNothingWhereAnotherLogsDaemonSigns) {
  const auto other = SegmentWriter::open(root / "log2", root / "state2", {}, error);
  EXPECT_EQ(run([&](const json& request) { return sign(request, *other); }), kCannot);
  EXPECT_THAT(said, HasSubstr("does not prove itself"));
  expect_nothing_there();
}

TEST_F(DiscloseCommand, LeavesNothingWhereItIsInterrupted) {
  EXPECT_EQ(run([&](const json& request) {
              std::raise(SIGINT);
              return sign(request);
            }),
            kCannot);
  EXPECT_THAT(said, HasSubstr("stopped before the end"));
  expect_nothing_there();
}

TEST_F(DiscloseCommand, IsNotBegunWhereItCannotEndWell) {
  const auto refused = [&](const LogsDiscloseOptions& asked, const std::string& why) {
    options = asked;
    bool came = false;
    EXPECT_EQ(run([&](const json&) {
                came = true;
                return json::object();
              }),
              kCannot);
    EXPECT_THAT(said, HasSubstr(why));
    EXPECT_FALSE(came);
    expect_nothing_there();
  };
  const LogsDiscloseOptions good = options;
  LogsDiscloseOptions other = good;
  other.query = {};
  refused(other, "say whose or which lines");
  other = good;
  other.name = "a b";
  refused(other, "a case has");
  other = good;
  other.query.action = "seen";
  refused(other, "is no action");
  other = good;
  other.query.since = "2026-02-30";
  refused(other, "is no time");
  other = good;
  other.query.from = "10.99.0.1";
  refused(other, "no line fits");
  other = good;
  other.out = root / "missing/out";
  refused(other, "cannot write");
  other = good;
  other.out = log / "heads.jsonl";
  refused(other, "is there already");
}

TEST_F(DiscloseCommand, SaysThatDamageLeftLinesOut) {
  std::string bytes = read(segment());
  bytes[bytes.find("\"body\":") + 2] = 'B';  // in the first header
  write(segment(), bytes);
  EXPECT_EQ(run([&](const json& request) { return sign(request); }), kNo);
  EXPECT_THAT(said, HasSubstr("2 lines in 1 frame"));
  EXPECT_THAT(said, HasSubstr("its header was changed"));
}

TEST_F(DiscloseCommand, ProofShowsNoControlCharacters) {
  std::string text = disclose();
  for (const char* each : {"\"2026-7\"", "\"10.20.1.0\""}) {
    text.replace(text.find(each), std::string(each).size(), R"("\u001b[2J\u009b")");
  }
  write(options.out, text);
  EXPECT_EQ(captured([&] { return run_logs_prove({.file = options.out}); }), kNo);
  EXPECT_EQ(said.find('\x1b'), std::string::npos);
  EXPECT_THAT(said, HasSubstr("?[2J"));
}

}  // namespace
}  // namespace sluice::control
