// feeds tests: what is fetched when, and who hears of it.
#include "control/feeds/feeds.h"

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "tests/unit/feeds/http_server.h"

namespace sluice::control {
namespace {

namespace fs = std::filesystem;
using Connection = HttpServer::Connection;
using nlohmann::json;
using std::chrono::milliseconds;

struct FeedsTest : testing::Test {
  fs::path directory = fs::temp_directory_path() / ("sluice-feeds-" + std::to_string(::getpid()));
  HttpServer server;
  EventLoop loop;
  FetchLimits limits;
  std::vector<std::pair<std::string, std::string>> copied;  ///< author, reason
  std::vector<json> answers;
  std::unique_ptr<Feeds> feeds;

  FeedsTest() {
    fs::remove_all(directory);
    fs::create_directories(directory);
    limits.gather = milliseconds(20);
    limits.first_retry = milliseconds(40);
    limits.spread = milliseconds(20);
    start();
  }
  ~FeedsTest() override {
    feeds.reset();
    fs::remove_all(directory);
  }

  void start() {
    feeds = std::make_unique<Feeds>(
        loop, directory, limits,
        Feeds::Callbacks{[this](const std::string& author, const std::string& reason) {
                           copied.emplace_back(author, reason);
                         },
                         [this](uint64_t, const json& answer) { answers.push_back(answer); }});
  }
  FeedSpec spec(const std::string& list) const { return {list, ListFormat::Names, {server.url("/" + list)}}; }
  template <typename Done>
  bool until(Done done) {
    for (int i = 0; i < 500 && !done(); ++i) {
      loop.run_once(milliseconds(10));
    }
    return done();
  }
  FeedStatus status(const std::string& list) const {
    for (FeedStatus& each : feeds->status()) {
      if (each.spec.list == list) {
        return each;
      }
    }
    return {};
  }
  uint64_t count(const std::string& list, FetchResult result) const {
    return status(list).fetches[static_cast<size_t>(result)];
  }
};

TEST_F(FeedsTest, ANewFeedIsFetchedAtOnceAndTold) {
  server.serve("200 OK", "a.example\nb.example\n");
  feeds->set({spec("one")});
  ASSERT_TRUE(until([&] { return copied.size() == 2; }));
  EXPECT_EQ(copied[1], std::pair(std::string("feeds"), std::string("feed one: 2 entries")));
  const FeedStatus one = status("one");
  EXPECT_EQ(one.state, FeedStatus::State::Good);
  EXPECT_EQ(one.entries, 2u);
  EXPECT_EQ(count("one", FetchResult::New), 1u);
  EXPECT_GT(one.next_ns, one.tried_ns);
}

TEST_F(FeedsTest, FeedsThatComeTogetherAreToldTogether) {
  limits.gather = milliseconds(300);
  start();
  server.serve("200 OK", "a.example\n");
  feeds->set({spec("one"), spec("two"), spec("three")});
  ASSERT_TRUE(until([&] { return copied.size() == 2; }));
  for (const char* list : {"one", "two", "three"}) {
    EXPECT_NE(copied[1].second.find("feed " + std::string(list) + ": 1 entries"), std::string::npos)
        << copied[1].second;
  }
}

TEST_F(FeedsTest, OnlySoManyAreFetchedAtOnce) {
  std::atomic<int> now = 0, most = 0;
  server.serve([&](const std::string&, const Connection& to) {
    most = std::max(most.load(), ++now);
    std::this_thread::sleep_for(milliseconds(50));
    --now;
    to.answer("200 OK", "a.example\n");
  });
  std::vector<FeedSpec> many;
  for (int i = 0; i < 12; ++i) {
    many.push_back(spec("l" + std::to_string(i)));
  }
  feeds->set(many);
  ASSERT_TRUE(until([&] { return count("l9", FetchResult::New) + count("l11", FetchResult::New) == 2; }));
  EXPECT_LE(most, limits.at_once);
  EXPECT_GE(most, 2);
}

TEST_F(FeedsTest, AFailureIsTriedAgainAndShown) {
  server.serve("500 Oops", "");
  feeds->set({spec("one")});
  ASSERT_TRUE(until([&] { return count("one", FetchResult::Failed) >= 3; }));
  EXPECT_EQ(status("one").state, FeedStatus::State::Waiting);
  EXPECT_EQ(status("one").problem, "the server answered 500");
  server.serve("200 OK", "a.example\n");
  ASSERT_TRUE(until([&] { return copied.size() == 2; }));
  EXPECT_EQ(status("one").state, FeedStatus::State::Good);
  EXPECT_EQ(status("one").problem, "");
}

TEST_F(FeedsTest, ARestartFetchesNothingThatIsNotDue) {
  server.serve("200 OK", "a.example\n");
  feeds->set({spec("one")});
  ASSERT_TRUE(until([&] { return copied.size() == 2; }));
  start();
  feeds->set({spec("one")});
  ASSERT_TRUE(until([&] { return copied.size() == 3; }));
  EXPECT_EQ(copied[2].second, "copies that came before a restart");
  ASSERT_TRUE(until([&] { return status("one").state == FeedStatus::State::Good; }));
  EXPECT_EQ(status("one").entries, 1u);
  const auto end = std::chrono::steady_clock::now() + milliseconds(300);
  until([&] { return std::chrono::steady_clock::now() > end; });
  EXPECT_EQ(server.requests().size(), 1u);
}

TEST_F(FeedsTest, RefreshFetchesBeforeItIsDue) {
  server.serve("200 OK", "a.example\n");
  feeds->set({spec("one"), spec("two")});
  ASSERT_TRUE(until([&] { return status("one").has_copy && status("two").has_copy; }));
  feeds->refresh("two", 1);
  ASSERT_TRUE(until([&] { return count("two", FetchResult::Unchanged) == 1; }));
  EXPECT_EQ(count("one", FetchResult::Unchanged), 0u);
  feeds->refresh("", 1);
  ASSERT_TRUE(until([&] { return count("one", FetchResult::Unchanged) == 1; }));
  feeds->refresh("three", 1);
  ASSERT_TRUE(until([&] { return answers.size() == 3; }));
  EXPECT_EQ(answers[0], (json{{"ok", true}, {"feeds", 1}}));
  EXPECT_EQ(answers[1], (json{{"ok", true}, {"feeds", 2}}));
  EXPECT_EQ(answers[2], (json{{"error", "no list 'three' of the policy in force is fetched"}}));
}

TEST_F(FeedsTest, WhatIsHeldWaitsUntilItIsAccepted) {
  server.serve("200 OK", "a.example\nb.example\nc.example\n");
  feeds->set({spec("one")});
  ASSERT_TRUE(until([&] { return copied.size() == 2; }));
  server.serve("200 OK", "a.example\n");
  feeds->refresh("one", 1);
  ASSERT_TRUE(until([&] { return status("one").state == FeedStatus::State::Held; }));
  EXPECT_EQ(copied.size(), 2u);
  EXPECT_EQ(status("one").entries, 3u);
  EXPECT_EQ(status("one").held_entries, 1u);
  feeds->accept("one", "li.wei", "they moved it", 1);
  ASSERT_TRUE(until([&] { return copied.size() == 3; }));
  EXPECT_EQ(copied[2], std::pair(std::string("li.wei"), std::string("feed one accepted: they moved it")));
  EXPECT_EQ(answers.back(), (json{{"ok", true}, {"list", "one"}, {"entries", 1}}));
  ASSERT_TRUE(until([&] { return status("one").state == FeedStatus::State::Good; }));
  EXPECT_EQ(status("one").entries, 1u);
  feeds->accept("one", "li.wei", "again", 1);
  feeds->accept("nine", "li.wei", "again", 1);
  ASSERT_TRUE(until([&] { return answers.size() == 4; }));
  EXPECT_EQ(answers[2], (json{{"error", "feed one: nothing is held back"}}));
  EXPECT_EQ(copied.size(), 3u);
}

TEST_F(FeedsTest, AFeedThatThePolicyDropsIsFetchedNoMore) {
  server.serve([](const std::string&, const Connection& to) { to.wait_for_end(); });
  feeds->set({spec("one")});
  ASSERT_TRUE(until([&] { return server.requests().size() == 1; }));
  feeds->set({});
  ASSERT_TRUE(until([&] { return feeds->status().empty(); }));
}

TEST_F(FeedsTest, AnotherUrlIsAnotherFeed) {
  server.serve("200 OK", "a.example\n");
  feeds->set({spec("one")});
  ASSERT_TRUE(until([&] { return copied.size() == 2; }));
  server.serve("404 Gone", "");
  FeedSpec other = spec("one");
  other.source.url = server.url("/elsewhere");
  feeds->set({other});
  ASSERT_TRUE(until([&] { return status("one").state == FeedStatus::State::Waiting; }));
  feeds->set({spec("one")});
  ASSERT_TRUE(until([&] { return status("one").state == FeedStatus::State::Good; }))
      << "a rollback finds its copy";
}

TEST_F(FeedsTest, AnEndWaitsForNobody) {
  server.serve([](const std::string&, const Connection& to) { to.wait_for_end(); });
  feeds->set({spec("one"), spec("two")});
  ASSERT_TRUE(until([&] { return server.requests().size() == 2; }));
  const auto begun = std::chrono::steady_clock::now();
  feeds.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - begun, milliseconds(500));
}

TEST_F(FeedsTest, WhatIsShownHasNoSecret) {
  FeedSpec secret = spec("one");
  secret.source.url = "http://user:secret@127.0.0.1:" + std::to_string(server.port()) + "/a?key=secret";
  server.serve("401 No", "");
  feeds->set({secret});
  ASSERT_TRUE(until([&] { return count("one", FetchResult::Failed) == 1; }));
  const json shown = to_json(status("one"));
  EXPECT_EQ(shown.dump().find("secret"), std::string::npos) << shown;
  EXPECT_EQ(shown["url"], "http://127.0.0.1:" + std::to_string(server.port()) + "/a?...");
}

}  // namespace
}  // namespace sluice::control
