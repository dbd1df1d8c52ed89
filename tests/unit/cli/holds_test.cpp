// cli tests: what sluicectl asks for holds, and what it shows of the log's keeping.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "control/cli/commands.h"
#include "control/cli/holds.h"
#include "tests/unit/cli/fake_daemon.h"

namespace sluice::control {
namespace {

using nlohmann::json;

struct HoldsTest : testing::Test {
  std::string path =
      (std::filesystem::temp_directory_path() / ("sluice-holds-" + std::to_string(::getpid()))).string();
  json asked;
  std::string out;
  int status = -1;

  ~HoldsTest() override { std::filesystem::remove(path); }

  /// Runs a command against a daemon that gives this answer.
  template <typename Command>
  void run(const json& answer, Command command) {
    const FakeDaemon daemon(path, [&](const json& request) {
      asked = request;
      return answer;
    });
    status = captured(command, out);
  }
  bool says(const std::string& text) const { return out.find(text) != std::string::npos; }
};

TEST_F(HoldsTest, HoldAsksForWholeDays) {
  run({{"segments", 3}, {"oldest", "2026-06-01T00:00:00.000000Z"}}, [&] {
    return run_hold(path, {"2026-7", "2026-05-01", "2026-05-31", "letter of the court"}, false);
  });
  EXPECT_EQ(status, kDone);
  EXPECT_EQ(asked["command"], "hold");
  EXPECT_EQ(asked["case"], "2026-7");
  EXPECT_EQ(asked["reason"], "letter of the court");
  EXPECT_EQ(asked["since"], "2026-05-01T00:00:00.000000Z");
  EXPECT_EQ(asked["until"], "2026-05-31T23:59:59.999999Z");
  EXPECT_TRUE(says("3 closed segments")) << out;
  EXPECT_TRUE(says("the log begins at 2026-06-01")) << out;
}

TEST_F(HoldsTest, HoldTakesMomentsWithAnOffset) {
  run({{"segments", 1}}, [&] { return run_hold(path, {"c", "", "2026-05-31T08:00:00+08:00", "r"}, false); });
  EXPECT_EQ(asked["since"], "");
  EXPECT_EQ(asked["until"], "2026-05-31T00:00:00.000000Z");
  EXPECT_TRUE(says("1 closed segment and")) << out;
}

TEST_F(HoldsTest, HoldTakesMomentsAsTheLogHasThem) {
  const std::string moment = "2026-05-31T08:00:00.123456Z";
  run({{"segments", 1}}, [&] { return run_hold(path, {"c", moment, moment, "r"}, false); });
  EXPECT_EQ(asked["since"], moment);
  EXPECT_EQ(asked["until"], moment);
}

TEST_F(HoldsTest, WrongTimeIsNotAsked) {
  run({}, [&] { return run_hold(path, {"c", "2026-02-30", "", "r"}, false); });
  EXPECT_EQ(status, kCannot);
  EXPECT_TRUE(asked.is_null() || asked.is_discarded());
  EXPECT_TRUE(says("2026-02-30 is no time")) << out;
}

TEST_F(HoldsTest, ReleaseSaysWhetherASecondPersonIsNeeded) {
  run({{"step", 1}, {"released", false}}, [&] { return run_release(path, "c", false); });
  EXPECT_EQ(asked, (json{{"command", "release"}, {"case", "c"}}));
  EXPECT_TRUE(says("c is released when a second person asks")) << out;
  run({{"step", 2}, {"released", true}}, [&] { return run_release(path, "c", false); });
  EXPECT_TRUE(says("c is released: ")) << out;
  run({{"error", "not you"}}, [&] { return run_release(path, "c", false); });
  EXPECT_EQ(status, kCannot);
  EXPECT_TRUE(says("sluicectl: not you")) << out;
}

TEST_F(HoldsTest, ListShowsPeriodsAndWhoAskedForRelease) {
  const json period{{"since", "2026-05-01T00:00:00.000000Z"},
                    {"until", nullptr},
                    {"user", "li.wei"},
                    {"reason", "court"},
                    {"time", "T"}};
  const json open{{"since", nullptr}, {"until", nullptr}, {"user", "x"}, {"reason", "y"}, {"time", "T"}};
  run({{"holds",
        {{{"case", "a"}, {"periods", {period, open}}, {"release", {{"user", "wang"}, {"time", "T2"}}}}}}},
      [&] { return run_holds(path, false); });
  EXPECT_TRUE(says("2026-05-01T00:00:00.000000Z to what is still to come, since T by li.wei: court")) << out;
  EXPECT_TRUE(says("all of the log, since T by x: y")) << out;
  EXPECT_TRUE(says("wang asks for its release, since T2")) << out;
  run({{"holds", json::array()}}, [&] { return run_holds(path, false); });
  EXPECT_EQ(out, "nothing is held\n");
}

TEST_F(HoldsTest, StatusShowsTheTermAndTheDisk) {
  json keep{{"keep_seconds", 185 * 86'400}, {"oldest", "2026-05-01T00:00:00.000000Z"},
            {"free_bytes", 3 << 20},        {"full_seconds", 12.5 * 86'400},
            {"full_before_term", true},     {"holds", 2}};
  const auto shown = [&] {
    run({{"log", {{"keep", keep}}}}, [&] { return run_status(path, false); });
    return out;
  };
  EXPECT_NE(shown().find("kept for 185 days, begins at 2026-05-01T00:00:00.000000Z, 3 MiB free, held for 2 "
                         "cases\n"),
            std::string::npos)
      << out;
  EXPECT_TRUE(says("disk full in 12 days, before the term ends; nothing is deleted early")) << out;
  keep["full_seconds"] = nullptr;
  keep["keep_seconds"] = nullptr;
  EXPECT_EQ(shown().find("disk full"), std::string::npos) << out;
  EXPECT_TRUE(says("the policy's term is not known")) << out;
}

}  // namespace
}  // namespace sluice::control
