// reload tests: what ends by itself: an apply that is to be confirmed, a bypass; an apply of one file alone.
#include <fstream>

#include "control/base/clock.h"
#include "tests/unit/reload/reloader_fixture.h"

namespace sluice::control {
namespace {

using std::chrono::seconds;

struct OrdersTest : ReloaderTest {
  std::string site() { return reloader->status()["policy"]["site"].get<std::string>(); }
  /// Generation 2 is `two`, and goes back to `one` unless confirmed.
  void try_two(seconds confirm) {
    start();
    ASSERT_TRUE(in_force(1));
    save_policy(policies, "two");
    reloader->apply("li.wei", "two", 7, true, {confirm, {}});
    ASSERT_TRUE(in_force(2));
    ASSERT_TRUE(answered(7));
  }
  std::string history_file() {
    std::ifstream in(root / "state" / "history.jsonl");
    return {std::istreambuf_iterator<char>(in), {}};
  }
};

TEST_F(OrdersTest, UnconfirmedGoesBackByItself) {
  try_two(seconds(1));
  EXPECT_EQ(answers[7]["confirm"]["back_to"].get<int>(), 1);
  EXPECT_TRUE(reloader->counts().unconfirmed);
  EXPECT_EQ(reloader->status()["confirm"]["back_to"].get<int>(), 1);
  ASSERT_TRUE(in_force(3));
  EXPECT_EQ(site(), "one");
  EXPECT_EQ(reloader->status()["policy"]["reason"].get<std::string>(),
            "rollback to generation 1: generation 2 was not confirmed in time");
  EXPECT_TRUE(reloader->status()["confirm"].is_null());
  EXPECT_TRUE(until([&] { return reloader->counts().pending; })) << "the directory still says two";
}

TEST_F(OrdersTest, ConfirmedStaysAndTheHistorySaysWho) {
  try_two(seconds(1));
  reloader->confirm("wang", 8);
  ASSERT_TRUE(answered(8));
  EXPECT_EQ(answers[8]["generation"].get<int>(), 2);
  EXPECT_NE(history_file().find("\"author\":\"wang\",\"confirmed\":true"), std::string::npos)
      << history_file();
  for (int i = 0; i < 150; ++i) {
    loop->run_once(milliseconds(10));
  }
  EXPECT_EQ(sent.back(), 2u);
  reloader->confirm("wang", 9);
  ASSERT_TRUE(answered(9));
  EXPECT_EQ(answers[9]["error"].get<std::string>(), "nothing waits to be confirmed");
  stop();
  start(2);
  EXPECT_TRUE(reloader->status()["confirm"].is_null());
}

TEST_F(OrdersTest, UnconfirmedGoesBackAfterARestart) {
  try_two(seconds(1));
  stop();
  ::usleep(1'200'000);
  start(2);
  EXPECT_TRUE(in_force(3));
  EXPECT_EQ(site(), "one");
}

TEST_F(OrdersTest, WhileUnconfirmedAnApplyIsRefusedAndARollbackIsNot) {
  try_two(seconds(60));
  save_policy(policies, "three");
  reloader->apply("wang", "three", 8, true);
  ASSERT_TRUE(answered(8));
  EXPECT_NE(answers[8]["error"].get<std::string>().find("waits to be confirmed until"), std::string::npos);
  compiler.feed = "two";  // a feed's change is of the same trial
  reloader->recompile("feeds", "ads has changed");
  ASSERT_TRUE(in_force(3));
  EXPECT_EQ(reloader->status()["confirm"]["back_to"].get<int>(), 1);
  reloader->rollback("wang", "", 1, 9, true);
  ASSERT_TRUE(in_force(4));
  EXPECT_TRUE(reloader->status()["confirm"].is_null());
  EXPECT_EQ(site(), "one");
}

TEST_F(OrdersTest, TrialOfTheSameSourcesGoesBackToThemAndNoFurther) {
  start();
  ASSERT_TRUE(in_force(1));
  save_policy(policies, "two");
  reloader->apply("li.wei", "two", 0, false);
  ASSERT_TRUE(in_force(2));
  reloader->apply("li.wei", "two again", 0, false, {seconds(1), {}});
  ASSERT_TRUE(in_force(3));
  ASSERT_TRUE(in_force(4));
  EXPECT_EQ(site(), "two");
}

TEST_F(OrdersTest, FirstPolicyHasNothingToGoBackTo) {
  save_policy(policies, "bad");
  start();
  settle();
  save_policy(policies, "one");
  reloader->apply("li.wei", "one", 7, true, {seconds(1), {}});
  ASSERT_TRUE(answered(7));
  EXPECT_NE(answers[7]["error"].get<std::string>().find("no policy that it could go back to"),
            std::string::npos);
}

TEST_F(OrdersTest, RefusedTrialIsNoTrial) {
  start();
  ASSERT_TRUE(in_force(1));
  save_policy(policies, "two");
  reloader->apply("li.wei", "two", 0, false, {seconds(60), {}});
  ASSERT_TRUE(until([&] { return sent.back() == 2; }));
  reloader->on_loaded(2, false, "no memory");
  EXPECT_TRUE(reloader->status()["confirm"].is_null());
}

TEST_F(OrdersTest, BypassIsAGenerationOfWhatIsInForce) {
  start();
  ASSERT_TRUE(in_force(1));
  save_policy(policies, "two");  // saved, and not asked for
  reloader->bypass("li.wei", "is it us?", seconds(60), 7, true);
  ASSERT_TRUE(in_force(2));
  ASSERT_TRUE(answered(7));
  EXPECT_EQ(site(), "one");
  EXPECT_EQ(compiler.bypass.until_s - compiler.bypass.from_s, 60);
  EXPECT_TRUE(reloader->counts().bypass.holds(utc_now_ns() / 1'000'000'000));
  EXPECT_GT(reloader->status()["bypass"]["seconds_left"].get<int>(), 50);
  EXPECT_NE(reloader->status()["policy"]["reason"].get<std::string>().find(": is it us?"), std::string::npos);
  EXPECT_TRUE(until([&] { return reloader->counts().pending; }));
}

TEST_F(OrdersTest, BypassOutlivesARestartAndAnApply) {
  start();
  ASSERT_TRUE(in_force(1));
  reloader->bypass("li.wei", "is it us?", seconds(60), 7, true);
  ASSERT_TRUE(in_force(2));
  const Bypass bypass = compiler.bypass;
  stop();
  start(2);
  settle();
  EXPECT_TRUE(sent.empty());
  EXPECT_FALSE(reloader->status()["bypass"].is_null());
  save_policy(policies, "two");
  reloader->apply("li.wei", "two", 0, false);
  ASSERT_TRUE(in_force(3));
  EXPECT_EQ(reloader->counts().bypass, bypass);
  reloader->bypass("wang", "", seconds(0), 9, true);
  ASSERT_TRUE(in_force(4));
  EXPECT_TRUE(reloader->status()["bypass"].is_null());
  EXPECT_EQ(reloader->counts().bypass, Bypass());
  EXPECT_EQ(site(), "two");
}

TEST_F(OrdersTest, BypassThatIsOverIsNotCarriedOn) {
  start();
  ASSERT_TRUE(in_force(1));
  reloader->bypass("li.wei", "is it us?", seconds(1), 7, true);
  ASSERT_TRUE(in_force(2));
  EXPECT_TRUE(until([&] { return reloader->status()["bypass"].is_null(); }));
  reloader->bypass("li.wei", "", seconds(0), 8, true);
  ASSERT_TRUE(answered(8));
  EXPECT_EQ(answers[8]["error"].get<std::string>(), "there is no bypass");
  reloader->apply("li.wei", "again", 0, false);
  ASSERT_TRUE(in_force(3));
  EXPECT_EQ(reloader->counts().bypass, Bypass());
}

TEST_F(OrdersTest, NoPolicyCannotBeBypassed) {
  save_policy(policies, "bad");
  start();
  settle();
  reloader->bypass("li.wei", "is it us?", seconds(60), 7, true);
  ASSERT_TRUE(answered(7));
  EXPECT_TRUE(answers[7].contains("error"));
}

TEST_F(OrdersTest, ApplyOfOneFileLeavesOtherChangesWaiting) {
  fs::create_directories(policies / "lists");
  const fs::path site_file = policies / "site.yaml";
  start();
  ASSERT_TRUE(in_force(1));
  std::ofstream(policies / "lists" / "malware.hosts") << "0.0.0.0 malware.example\n";
  save_policy(policies, "two");
  reloader->apply("li.wei", "two", 7, true, {{}, site_file.string()});
  ASSERT_TRUE(answered(7));
  EXPECT_EQ(answers[7]["error"].get<std::string>(),
            "other saved changes wait for sluicectl apply: malware.hosts");
  EXPECT_EQ(site(), "one");
  fs::remove(policies / "lists" / "malware.hosts");
  reloader->apply("li.wei", "two", 8, true, {{}, site_file.string()});
  ASSERT_TRUE(in_force(2));
  EXPECT_EQ(site(), "two");
}

}  // namespace
}  // namespace sluice::control
