// cli tests: a reading is on record before anything is shown, and what must not go without a record does not.
#include <gmock/gmock.h>

#include "control/base/utc.h"
#include "control/cli/commands.h"
#include "control/cli/logs.h"
#include "control/cli/note_reading.h"
#include "control/cli/readings.h"
#include "control/cli/reveal.h"
#include "control/readings/readings.h"
#include "tests/unit/cli/fake_daemon.h"
#include "tests/unit/pseudonyms/vaults.h"

namespace sluice::control {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

struct ReadingCommand : VaultTest {
  std::string socket = root / "api.sock", said;
  std::vector<json> asked;
  RevealCommand command{.asked = pseudonym(7),
                        .keys = {root / "li.wei", root / "zhang.min"},
                        .name = "2026-7",
                        .reason = "a letter",
                        .log = log};

  ReadingCommand() { EXPECT_EQ(begin()->append({identity(7)}, *signing), ""); }

  /// Runs a command against a daemon that answers so.
  template <typename Command>
  int run(Command run_it, const json& answer = {{"line", 1}}) {
    const FakeDaemon daemon(socket, [&](const json& request) {
      asked.push_back(request);
      return answer;
    });
    return captured(run_it, said);
  }
};

TEST_F(ReadingCommand, SendsWhatWasAskedForAndLeavesOutWhatWasNot) {
  EXPECT_EQ(run([&] {
              note_reading(socket, "logs", reading_query({.from = "10.20.1.7", .since = "2h"}, "/l"));
              return 0;
            }),
            0);
  EXPECT_EQ(said, "");
  EXPECT_EQ(asked.at(0), (json{{"command", "reading"},
                               {"what", "logs"},
                               {"query", {{"from", "10.20.1.7"}, {"since", "2h"}, {"log", "/l"}}}}));
}

TEST_F(ReadingCommand, WithoutADaemonItSaysSoAndGoesOn) {
  EXPECT_EQ(captured([&] { return run_logs_search(socket, {.log = log}); }, said), kDone);
  EXPECT_THAT(said, HasSubstr("this reading is not on record"));
  EXPECT_EQ(run([&] { return run_logs_search(socket, {.log = log}); }, {{"error", "the disk is full"}}),
            kDone);
  EXPECT_THAT(said, HasSubstr("this reading is not on record: the disk is full"));
}

TEST_F(ReadingCommand, WhatCannotBeAskedForIsNoReading) {
  EXPECT_EQ(run([&] { return run_logs_search(socket, {.log = log, .query = {.action = "eaten"}}); }),
            kCannot);
  EXPECT_TRUE(asked.empty());
}

TEST_F(ReadingCommand, RevealSaysWhoOnceItIsOnRecord) {
  EXPECT_EQ(run([&] { return run_reveal(socket, command); }), kDone);
  EXPECT_THAT(said, HasSubstr("10.20.1.7"));
  EXPECT_THAT(said, HasSubstr("revealed by li.wei and zhang.min for 2026-7"));
  ASSERT_EQ(asked.size(), 1u);
  EXPECT_EQ(asked[0]["what"], "reveal");
  EXPECT_EQ(asked[0]["query"]["pseudonym"], pseudonym(7));
  EXPECT_EQ(asked[0]["query"]["case"], "2026-7");
  EXPECT_EQ(asked[0]["query"]["keepers"], "li.wei, zhang.min");
  command.json = true;
  EXPECT_EQ(run([&] { return run_reveal(socket, command); }), kDone);
  EXPECT_EQ(json::parse(said)["identities"][0]["identity"], "10.20.1.7");
}

TEST_F(ReadingCommand, RevealWithoutARecordShowsNothing) {
  EXPECT_EQ(captured([&] { return run_reveal(socket, command); }, said), kCannot);
  EXPECT_THAT(said, HasSubstr("it is not on record, so nothing is revealed"));
  EXPECT_THAT(said, Not(HasSubstr("10.20.1.7")));
  EXPECT_EQ(run([&] { return run_reveal(socket, command); }, {{"error", "not you"}}), kCannot);
  EXPECT_THAT(said, HasSubstr("not you"));
  EXPECT_THAT(said, Not(HasSubstr("10.20.1.7")));
}

TEST_F(ReadingCommand, RevealTakesTwoKeysACaseAndAReason) {
  const auto refused = [&](const auto& change) {
    RevealCommand wrong = command;
    change(wrong);
    EXPECT_EQ(run([&] { return run_reveal(socket, wrong); }), kCannot) << said;
    EXPECT_THAT(said, Not(HasSubstr("10.20.1.7")));
  };
  refused([](RevealCommand& wrong) { wrong.keys.pop_back(); });
  refused([](RevealCommand& wrong) { wrong.keys.push_back(wrong.keys[0]); });
  refused([](RevealCommand& wrong) { wrong.keys[1] = wrong.keys[0]; });
  refused([](RevealCommand& wrong) { wrong.keys[1] = "/nowhere"; });
  refused([](RevealCommand& wrong) { wrong.name = "../x"; });
  refused([](RevealCommand& wrong) { wrong.reason.clear(); });
  EXPECT_TRUE(asked.empty());
}

TEST_F(ReadingCommand, RevealIsToldOfAnAlteredVault) {
  std::string bytes = read(file());
  bytes[bytes.size() / 2] ^= 1;
  write(file(), bytes);
  EXPECT_EQ(run([&] { return run_reveal(socket, command); }), kNo);
  EXPECT_THAT(said, HasSubstr("vault-2026-11-0001.jsonl: line"));
  EXPECT_THAT(said, HasSubstr("altered"));
}

TEST_F(ReadingCommand, KeeperNewPrintsWhatBelongsIntoThePolicy) {
  EXPECT_EQ(captured([&] { return run_keeper_new({.name = "liu.yang", .out = root / "liu.yang"}); }, said),
            kDone);
  const auto secret = KeeperSecret::open(root / "liu.yang", error);
  ASSERT_NE(secret, nullptr) << error;
  EXPECT_THAT(said, HasSubstr("      liu.yang: " + keeper_key_text(secret->shown()) + "\n"));
  EXPECT_EQ(captured([&] { return run_keeper_new({.name = "liu.yang", .out = root / "liu.yang"}); }, said),
            kCannot);
  EXPECT_EQ(captured([&] { return run_keeper_new({.name = "a b", .out = root / "x"}); }, said), kCannot);
}

TEST_F(ReadingCommand, ReadingsListsThoseOfOneClientAndHowManyReadOfAll) {
  const auto readings = Readings::open(
      log, state, [](const json&) { return std::string(); }, error);
  ASSERT_NE(readings, nullptr) << error;
  write(log / "heads.jsonl", "");
  const auto note = [&](const json& query) {
    EXPECT_TRUE(readings->note({{"what", "logs"}, {"query", query}}, 1000, "li.wei\x1b[2J", kNovember)
                    .contains("line"));
  };
  note({{"from", "10.20.1.7"}});
  note({{"from", "10.20.0.0/16"}});
  note({{"from", "10.20.1.70"}});
  note({{"to", "example.com"}});
  EXPECT_EQ(captured([&] { return run_readings({.log = log, .of = "10.20.1.7"}); }, said), kDone);
  EXPECT_THAT(said, HasSubstr("10.20.0.0/16"));
  EXPECT_THAT(said, Not(HasSubstr("10.20.1.70")));
  EXPECT_THAT(said, HasSubstr("besides, 1 reading of everybody"));
  EXPECT_THAT(said, Not(HasSubstr("\x1b")));
  EXPECT_EQ(captured([&] { return run_readings({.log = log, .since = "2027-01-01", .json = true}); }, said),
            kDone);
  EXPECT_EQ(json::parse(said)["count"], 0);
  EXPECT_EQ(captured([&] { return run_readings({.log = log, .limit = 1}); }, said), kDone);
  EXPECT_THAT(said, HasSubstr("and 3 before them"));
  EXPECT_EQ(captured([&] { return run_readings_verify({.log = log}); }, said), kDone);
  EXPECT_EQ(captured([&] { return run_readings_verify({.log = log, .fingerprint = "0"}); }, said), kCannot);
}

}  // namespace
}  // namespace sluice::control
