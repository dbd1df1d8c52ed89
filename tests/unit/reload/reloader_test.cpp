// reload tests: which policy is in force, whatever is saved, applied, refused or lost.
#include "control/base/clock.h"
#include "tests/unit/reload/reloader_fixture.h"

namespace sluice::control {
namespace {

TEST_F(ReloaderTest, StartEnforcesTheDirectory) {
  start();
  ASSERT_TRUE(in_force(1));
  const json status = reloader->status();
  EXPECT_TRUE(status["policy"]["enforced"].get<bool>());
  EXPECT_EQ(status["policy"]["site"].get<std::string>(), "one");
  EXPECT_EQ(reloader->counts().generation, 1u);
  EXPECT_TRUE(reloader->counts().valid);
  EXPECT_EQ(sent.size(), 1u);
}

TEST_F(ReloaderTest, RestartWithoutAChangeSendsNothing) {
  start();
  ASSERT_TRUE(in_force(1));
  stop();
  start(1);
  settle();
  EXPECT_TRUE(sent.empty());
  EXPECT_EQ(reloader->counts().generation, 1u);
  EXPECT_EQ(reloader->status()["policy"]["rules"].get<int>(), 1);
}

TEST_F(ReloaderTest, RestartLeavesASavedChangeWaiting) {
  start();
  ASSERT_TRUE(in_force(1));
  stop();
  save_policy(policies, "two");
  start(1);
  settle();
  EXPECT_TRUE(sent.empty());
  EXPECT_EQ(reloader->status()["policy"]["site"].get<std::string>(), "one");
  EXPECT_TRUE(reloader->counts().pending);
}

TEST_F(ReloaderTest, RestartEnforcesASavedChangeThatIsToBeEnforcedOnSaving) {
  save_policy(policies, "one on-save");
  start();
  ASSERT_TRUE(in_force(1));
  stop();
  save_policy(policies, "two on-save");
  start(1);
  EXPECT_TRUE(in_force(2));
}

TEST_F(ReloaderTest, RestartWithAnotherDataPlaneSendsWhatIsInForce) {
  start();
  ASSERT_TRUE(in_force(1));
  stop();
  start(0);
  EXPECT_TRUE(in_force(1));
}

TEST_F(ReloaderTest, InvalidAtStartKeepsTheLastGoodOne) {
  start();
  ASSERT_TRUE(in_force(1));
  stop();
  save_policy(policies, "bad");
  start(0);
  EXPECT_TRUE(in_force(1));
  EXPECT_FALSE(reloader->counts().valid);
  EXPECT_EQ(reloader->counts().errors, 1u);
  EXPECT_NE(reloader->status()["error"]["diagnostics"][0]["text"].get<std::string>().find("site.yaml:1:2"),
            std::string::npos);
}

TEST_F(ReloaderTest, InvalidFromTheStartEnforcesNothing) {
  save_policy(policies, "bad");
  start();
  settle();
  EXPECT_TRUE(sent.empty());
  EXPECT_TRUE(reloader->status()["policy"].is_null());
  save_policy(policies, "good");
  reloader->apply("li.wei", "mended", 1, false);
  EXPECT_TRUE(in_force(1));
}

TEST_F(ReloaderTest, SavedChangeWaitsForApply) {
  start();
  ASSERT_TRUE(in_force(1));
  save_policy(policies, "two");
  ASSERT_TRUE(until([&] { return reloader->counts().pending; }));
  EXPECT_TRUE(reloader->status()["pending"]["valid"].get<bool>());
  EXPECT_EQ(sent.size(), 1u);
  reloader->apply("li.wei", "two it is", 7, true);
  ASSERT_TRUE(in_force(2));
  ASSERT_TRUE(answered(7));
  EXPECT_TRUE(answers[7]["enforced"].get<bool>());
  EXPECT_EQ(answers[7]["generation"].get<int>(), 2);
  EXPECT_FALSE(reloader->counts().pending);
  EXPECT_EQ(reloader->status()["policy"]["author"].get<std::string>(), "li.wei");
}

TEST_F(ReloaderTest, ChangeTakenBackIsNoLongerPending) {
  start();
  ASSERT_TRUE(in_force(1));
  save_policy(policies, "two");
  ASSERT_TRUE(until([&] { return reloader->counts().pending; }));
  save_policy(policies, "one");
  EXPECT_TRUE(until([&] { return !reloader->counts().pending; }));
}

TEST_F(ReloaderTest, OnSaveEnforcesWhatIsSaved) {
  save_policy(policies, "one on-save");
  start();
  ASSERT_TRUE(in_force(1));
  save_policy(policies, "two on-save");
  EXPECT_TRUE(in_force(2));
  save_policy(policies, "bad on-save");
  ASSERT_TRUE(until([&] { return !reloader->counts().valid; }));
  EXPECT_EQ(reloader->counts().generation, 2u);
  EXPECT_EQ(reloader->counts().invalid, 1u);
  EXPECT_EQ(reloader->counts().refused, 0u);
}

TEST_F(ReloaderTest, NewFileInAListDirectoryIsNoticed) {
  start();
  ASSERT_TRUE(in_force(1));
  fs::create_directories(policies / "lists");
  settle();
  std::ofstream(policies / "lists" / "malware.hosts") << "0.0.0.0 malware.example\n";
  EXPECT_TRUE(until([&] { return reloader->counts().pending; }));
}

TEST_F(ReloaderTest, ApplyOfAnInvalidPolicyAnswersWithEveryProblem) {
  start();
  ASSERT_TRUE(in_force(1));
  save_policy(policies, "bad");
  reloader->apply("li.wei", "oops", 3, true);
  ASSERT_TRUE(answered(3));
  EXPECT_TRUE(answers[3].contains("error"));
  EXPECT_EQ(answers[3]["diagnostics"].size(), 1u);
  EXPECT_EQ(reloader->counts().refused, 1u);
  settle();  // the saved file is noticed too, and says nothing new
  EXPECT_EQ(reloader->counts().refused + reloader->counts().invalid, 1u);
  EXPECT_EQ(sent.size(), 1u);
}

TEST_F(ReloaderTest, RefusalLeavesTheOldPolicyAndSaysWhy) {
  start();
  ASSERT_TRUE(in_force(1));
  save_policy(policies, "two");
  reloader->apply("li.wei", "two", 4, true);
  ASSERT_TRUE(until([&] { return sent.back() == 2; }));
  reloader->on_loaded(2, false, "no memory");
  ASSERT_TRUE(answered(4));
  EXPECT_NE(answers[4]["error"].get<std::string>().find("no memory"), std::string::npos);
  EXPECT_EQ(reloader->status()["policy"]["generation"].get<int>(), 1);
  EXPECT_EQ(sent.size(), 2u);
  reloader->on_lost();
  reloader->on_welcome(0);
  EXPECT_TRUE(in_force(1));
}

TEST_F(ReloaderTest, RefusedFirstPolicyIsSentToTheNextDataPlaneOnly) {
  start();
  ASSERT_TRUE(until([&] { return sent.size() == 1; }));
  reloader->on_loaded(1, false, "another version");
  settle();
  EXPECT_EQ(sent.size(), 1u);
  reloader->on_lost();
  reloader->on_welcome(0);
  EXPECT_EQ(sent.size(), 2u);
}

TEST_F(ReloaderTest, LostDataPlaneAnswersWhoWaits) {
  start();
  ASSERT_TRUE(in_force(1));
  reloader->apply("li.wei", "again", 5, true);
  ASSERT_TRUE(until([&] { return sent.back() == 2; }));
  reloader->on_lost();
  ASSERT_TRUE(answered(5));
  EXPECT_FALSE(answers[5]["enforced"].get<bool>());
}

TEST_F(ReloaderTest, StateThatWasWipedIsSentThoughTheNumberIsTheSame) {
  start(1);
  EXPECT_TRUE(in_force(1));
}

TEST_F(ReloaderTest, ManyAppliesAreAllAnswered) {
  start();
  ASSERT_TRUE(in_force(1));
  for (uint64_t client = 1; client <= 50; ++client) {
    reloader->apply("user" + std::to_string(client % 3), "reason " + std::to_string(client), client, false);
  }
  EXPECT_TRUE(until([&] { return answers.size() == 50; }));
}

TEST_F(ReloaderTest, CheckAnswersAndEnforcesNothing) {
  start();
  ASSERT_TRUE(in_force(1));
  reloader->check(8);
  ASSERT_TRUE(answered(8));
  EXPECT_TRUE(answers[8]["ok"].get<bool>() && answers[8]["unchanged"].get<bool>());
  save_policy(policies, "bad");
  reloader->check(9);
  ASSERT_TRUE(answered(9));
  EXPECT_FALSE(answers[9]["ok"].get<bool>());
  EXPECT_EQ(answers[9]["diagnostics"].size(), 1u);
  EXPECT_EQ(sent.size(), 1u);
}

TEST_F(ReloaderTest, RollbackGoesBackAndLeavesTheDirectoryPending) {
  start();
  ASSERT_TRUE(in_force(1));
  save_policy(policies, "two");
  reloader->apply("li.wei", "two", 0, false);
  ASSERT_TRUE(in_force(2));
  reloader->rollback("wang", "two was wrong", 1, 6, true);
  ASSERT_TRUE(in_force(3));
  ASSERT_TRUE(answered(6));
  EXPECT_TRUE(answers[6]["enforced"].get<bool>());
  EXPECT_TRUE(until([&] { return reloader->counts().pending; }));
  const json status = reloader->status();
  EXPECT_EQ(status["policy"]["site"].get<std::string>(), "one");
  EXPECT_EQ(status["policy"]["author"].get<std::string>(), "wang");
  EXPECT_EQ(status["policy"]["reason"].get<std::string>(), "rollback to generation 1: two was wrong");
  EXPECT_EQ(reloader->history()[0]["rollback_to"].get<int>(), 1);
  EXPECT_TRUE(reloader->history()[0]["in_force"].get<bool>());
}

TEST_F(ReloaderTest, RollbackPastTheFirstPolicySaysSo) {
  start();
  ASSERT_TRUE(in_force(1));
  reloader->rollback("wang", "", 1, 6, true);
  ASSERT_TRUE(answered(6));
  EXPECT_NE(answers[6]["error"].get<std::string>().find("0 other policies to go back to"), std::string::npos);
  EXPECT_EQ(sent.size(), 1u);
}

TEST_F(ReloaderTest, SavingNoticedAfterTheRollbackDoesNotUndoIt) {
  save_policy(policies, "one on-save");
  start();
  ASSERT_TRUE(in_force(1));
  save_policy(policies, "two on-save");  // is noticed after a while
  reloader->apply("li.wei", "two", 0, false);
  reloader->rollback("wang", "", 1, 0, false);
  ASSERT_TRUE(in_force(3));
  settle();
  EXPECT_EQ(sent.back(), 3u);
  EXPECT_TRUE(reloader->counts().pending);
  stop();
  start(3);
  settle();
  EXPECT_TRUE(sent.empty());
  save_policy(policies, "three on-save");
  EXPECT_TRUE(in_force(4));
}

TEST_F(ReloaderTest, RecompileTakesTheNewFeedAndNotWhatIsSaved) {
  start();
  ASSERT_TRUE(in_force(1));
  save_policy(policies, "two");
  ASSERT_TRUE(until([&] { return reloader->counts().pending; }));
  reloader->recompile("feeds", "nothing new");
  settle();
  EXPECT_EQ(sent.size(), 1u);
  compiler.feed = "two";
  reloader->recompile("feeds", "ads has changed");
  ASSERT_TRUE(in_force(2));
  settle();
  EXPECT_EQ(reloader->status()["policy"]["site"].get<std::string>(), "one");
  EXPECT_TRUE(reloader->counts().pending);
}

TEST_F(ReloaderTest, RecompileAfterAnApplyThatStillWaitsIsOfWhatIsApplied) {
  start();
  ASSERT_TRUE(in_force(1));
  save_policy(policies, "two");
  compiler.feed = "two";
  reloader->apply("li.wei", "two", 0, false);
  reloader->recompile("feeds", "ads has changed");
  ASSERT_TRUE(in_force(2));
  settle();
  EXPECT_EQ(sent.size(), 2u);
  EXPECT_EQ(reloader->status()["policy"]["site"].get<std::string>(), "two");
}

TEST_F(ReloaderTest, ImageLostToACrashIsCompiledAnewFromItsSources) {
  start();
  ASSERT_TRUE(in_force(1));
  save_policy(policies, "two");
  reloader->apply("li.wei", "two", 0, false);
  ASSERT_TRUE(in_force(2));
  save_policy(policies, "three");  // saved, never applied
  stop();
  fs::remove(root / "state" / "policies" / "2.image");
  start(2);
  ASSERT_TRUE(in_force(3));
  EXPECT_EQ(reloader->status()["policy"]["site"].get<std::string>(), "two");
  EXPECT_TRUE(until([&] { return reloader->counts().pending; }));
}

TEST_F(ReloaderTest, WhatWasCompiledLongAgoIsCompiledAnewThoughNothingChanged) {
  std::string error, sha256;
  auto before = StateStore::open(root / "state", error);
  ASSERT_NE(before, nullptr) << error;
  const auto compiled = compiler.compile({.directory = policies, .generation = 1, .image_wanted = true});
  ASSERT_NE(compiled.image, nullptr);
  Origin long_ago{"li.wei", "because"};
  long_ago.time_ns = utc_now_ns() - 2 * std::chrono::nanoseconds(Reloader::kRenewAfter).count();
  ASSERT_EQ(before->record(*compiled.image, long_ago, compiled.sources, compiled.digest, sha256), "");
  ASSERT_EQ(before->keep_image(*compiled.image), "");
  before.reset();
  start(1);
  EXPECT_TRUE(in_force(2));
  stop();
  start(2);
  settle();
  EXPECT_TRUE(sent.empty());  // it is new now
}

TEST_F(ReloaderTest, TermOfTheLogIsThatOfThePolicyInForce) {
  save_policy(policies, "one keep-400d");
  start();
  EXPECT_FALSE(reloader->log_policy().has_value());
  ASSERT_TRUE(in_force(1));
  ASSERT_TRUE(reloader->log_policy().has_value());
  EXPECT_EQ(reloader->log_policy()->keep_s, 400u * 86'400);
  stop();
  save_policy(policies, "two");  // saved, not applied: says nothing yet
  start(1);
  EXPECT_FALSE(reloader->log_policy().has_value());
  ASSERT_TRUE(until([&] { return reloader->log_policy().has_value(); }));
  EXPECT_EQ(reloader->log_policy()->keep_s, 400u * 86'400);
  reloader->apply("li.wei", "shorter", 1, false);
  ASSERT_TRUE(in_force(2));
  EXPECT_EQ(*reloader->log_policy(), LogPolicy{});
}

TEST_F(ReloaderTest, FactsOfWhatIsInForceAreKnownAfterARestartWithAPendingChange) {
  start();
  ASSERT_TRUE(in_force(1));
  stop();
  save_policy(policies, "two");
  start(1);
  EXPECT_TRUE(until([&] { return reloader->status()["policy"].contains("rules"); }));
  EXPECT_TRUE(reloader->counts().pending);
}

TEST_F(ReloaderTest, ListThatCameJustBeforeARestartComesIntoForceAndFactsAreKnown) {
  start();
  ASSERT_TRUE(in_force(1));
  stop();
  compiler.feed = "two";
  start(1);
  ASSERT_TRUE(in_force(2));
  EXPECT_TRUE(reloader->log_policy().has_value());
  EXPECT_TRUE(until([&] { return !reloader->counts().pending; }));
}

TEST_F(ReloaderTest, ListThatCameJustBeforeARestartComesIntoForceWithoutWhatIsSaved) {
  start();
  ASSERT_TRUE(in_force(1));
  stop();
  compiler.feed = "two";
  save_policy(policies, "two");
  start(1);
  ASSERT_TRUE(in_force(2));
  EXPECT_EQ(reloader->status()["policy"]["site"].get<std::string>(), "one");
  EXPECT_TRUE(reloader->log_policy().has_value());
  settle();
  EXPECT_TRUE(reloader->counts().pending);
}

TEST_F(ReloaderTest, WhatIsInForceIsKnownAsSoonAsItCanBeCompiled) {
  start();
  ASSERT_TRUE(in_force(1));
  stop();
  compiler.failures = 2;  // of what is saved, and of what is in force
  start(1);
  EXPECT_TRUE(until([&] { return reloader->log_policy().has_value(); }));
  EXPECT_EQ(reloader->status()["policy"]["site"].get<std::string>(), "one");
  EXPECT_TRUE(sent.empty());
}

TEST(MergeRequests, ApplyIsNotLostToANewerCheck) {
  CompileRequest apply, check;
  apply.enforce = apply.explicitly = true;
  apply.origin = {"li.wei", "because", 1};
  apply.waiters.push_back({1, true, 0});
  check.checks.push_back(2);
  const CompileRequest merged = merge_requests(apply, check);
  EXPECT_TRUE(merged.enforce && merged.explicitly);
  EXPECT_EQ(merged.origin.author, "li.wei");
  EXPECT_EQ(merged.waiters.size() + merged.checks.size(), 2u);
}

TEST(MergeRequests, TwoAppliesKeepBothReasons) {
  CompileRequest one, two;
  one.enforce = one.explicitly = two.enforce = two.explicitly = true;
  one.origin = {"a", "first", 1};
  two.origin = {"b", "second", 2};
  const CompileRequest merged = merge_requests(one, two);
  EXPECT_EQ(merged.origin.author, "a, b");
  EXPECT_EQ(merged.origin.reason, "first; second");
}

}  // namespace
}  // namespace sluice::control
