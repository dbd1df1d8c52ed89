// alarms tests: the thread reads what comes to the log, tells of it, and goes on where it was.
#include "control/alarms/alarm_thread.h"

#include <chrono>
#include <thread>

#include "control/base/clock.h"
#include "tests/unit/feeds/http_server.h"
#include "tests/unit/usage/usage_log.h"

namespace sluice::control {
namespace {

using namespace std::chrono_literals;

struct AlarmThreadTest : UsageLog {
  HttpServer server;
  AlarmLimits limits{.every = 5ms, .save_every = 0s};
  std::unique_ptr<SegmentWriter> writer;
  uint64_t number = 0;

  AlarmThreadTest() {
    std::filesystem::create_directories(state);
    writer = open();
    server.serve("204 No Content", "");
    limits.delivery.first_retry_ns = 20'000'000;
  }
  std::unique_ptr<AlarmThread> start(uint32_t count = 3) {
    auto out = std::make_unique<AlarmThread>(log, state, limits);
    out->set({.webhook = server.url("/alarms"),
              .mail = {},
              .ca = "",
              .rules = {{"many", AlarmKind::Blocks, count, 3600}}},
             "shanghai");
    return out;
  }
  /// Now, as the log has it.
  void block(const std::string& client, int count = 1) {
    LogBatch out;
    for (int i = 0; i < count; ++i) {
      nlohmann::json& line = access(0, client, "ads.example", "blocked");
      line["@timestamp"] = utc_text(utc_now_ns());
      out.lines += line.dump() + "\n";
      out.note(utc_now_ns(), {kBoot, 0, ++number});
    }
    EXPECT_EQ(writer->append(out, utc_now_ns()), "");
  }
  template <typename Done>
  static bool wait_for(Done done) {
    for (int i = 0; i < 1000 && !done(); ++i) {
      std::this_thread::sleep_for(5ms);
    }
    return done();
  }
  std::vector<nlohmann::json> notices() {
    std::vector<nlohmann::json> out;
    for (const std::string& request : server.requests()) {
      const auto said = nlohmann::json::parse(request.substr(request.find("\r\n\r\n") + 4), nullptr, false);
      for (const auto& each : said.value("notices", nlohmann::json::array())) {
        out.push_back(each);
      }
    }
    return out;
  }
  /// Until it has begun, at the log's end.
  bool began() const { return std::filesystem::exists(state / "alarms.json"); }
};

TEST_F(AlarmThreadTest, WhatComesAfterItsStartIsToldOf) {
  block("10.20.8.9", 50);  // what was before is nobody's alarm
  const auto thread = start();
  ASSERT_TRUE(wait_for([&] { return began(); }));
  block("10.20.8.1", 3);
  ASSERT_TRUE(wait_for([&] { return !notices().empty(); }));
  EXPECT_EQ(notices()[0]["subject"], "10.20.8.1");
  EXPECT_EQ(notices()[0]["alarm"], "many");
  EXPECT_NE(server.requests()[0].find("application/json"), std::string::npos);
  ASSERT_TRUE(wait_for([&] { return thread->status().sinks[0].sent == 1; }));
  EXPECT_EQ(thread->status().open.size(), 1U);
  EXPECT_EQ(to_json(thread->status())["open"][0]["subject"], "10.20.8.1");
}

TEST_F(AlarmThreadTest, ARestartLosesNoCountAndTellsNothingTwice) {
  auto thread = start();
  ASSERT_TRUE(wait_for([&] { return began(); }));
  block("10.20.8.1", 3);
  block("10.20.8.3", 2);
  block("10.20.8.2", 2);
  ASSERT_TRUE(wait_for([&] { return thread->status().sinks[0].sent == 1; }));
  thread.reset();
  block("10.20.8.2", 1);  // while nobody reads
  thread = start();
  ASSERT_TRUE(wait_for([&] { return notices().size() == 2; }));
  EXPECT_EQ(notices()[1]["subject"], "10.20.8.2") << "two of 10.20.8.3 do not count twice";
  EXPECT_EQ(notices()[1]["number"], 2);
  ASSERT_TRUE(wait_for([&] { return thread->status().open.size() == 2; }));
}

TEST_F(AlarmThreadTest, WhatIsNotTakenIsOverdueUntilItIs) {
  server.serve("503 Busy", "");
  const auto thread = start();
  ASSERT_TRUE(wait_for([&] { return began(); }));
  block("10.20.8.1", 3);
  ASSERT_TRUE(wait_for([&] { return thread->status().sinks[0].failed >= 2; }));
  EXPECT_EQ(thread->status().sinks[0].waiting, 1U);
  EXPECT_EQ(thread->status().sinks[0].error, "the server answers 503");
  EXPECT_EQ(to_json(thread->status())["sinks"][0]["waiting"], 1);
  server.serve("200 OK", "");
  EXPECT_TRUE(wait_for([&] { return thread->status().sinks[0].sent == 1; }));
}

TEST_F(AlarmThreadTest, AStopEndsASendThatHangs) {
  server.serve([](const std::string&, const HttpServer::Connection& to) { to.wait_for_end(); });
  auto thread = start();
  ASSERT_TRUE(wait_for([&] { return began(); }));
  block("10.20.8.1", 3);
  ASSERT_TRUE(wait_for([&] { return !server.requests().empty(); }));
  thread.reset();
  server.serve("200 OK", "");
  thread = start();
  EXPECT_TRUE(wait_for([&] { return thread->status().sinks[0].sent == 1; })) << "and it is sent then";
}

TEST_F(AlarmThreadTest, ADamagedFileIsNone) {
  for (const char* text : {"", "{", "[]", R"({"place":{},"book":{}})"}) {
    std::ofstream(state / "alarms.json", std::ios::trunc) << text;
    const size_t before = notices().size();
    const auto thread = start();
    ASSERT_TRUE(wait_for([&] { return std::filesystem::file_size(state / "alarms.json") > 100; })) << text;
    block("10.20.8.1", 3);
    EXPECT_TRUE(wait_for([&] { return notices().size() == before + 1; })) << text;
  }
}

TEST_F(AlarmThreadTest, WithoutAlarmsNothingIsKept) {
  const auto thread = start();
  ASSERT_TRUE(wait_for([&] { return began(); }));
  thread->set({}, "shanghai");
  EXPECT_TRUE(wait_for([&] { return !began(); }));
}

}  // namespace
}  // namespace sluice::control
