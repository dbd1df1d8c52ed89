// readings tests: who read is written before it is shown, once a minute, and a list that was cut shows.
#include "control/readings/readings.h"

#include <gmock/gmock.h>

#include <sstream>

#include "control/base/utc.h"
#include "control/readings/check.h"
#include "tests/unit/segment/segments.h"

namespace sluice::control {
namespace {

using nlohmann::json;
using testing::Contains;
using testing::HasSubstr;

struct ReadingsTest : Segments {
  std::unique_ptr<SegmentWriter> writer = open();
  std::unique_ptr<Readings> readings = start();
  int64_t now_ns = kNow;
  std::string heads_fail;

  std::unique_ptr<Readings> start() {
    auto out = Readings::open(
        log, state,
        [this](const json& line) { return heads_fail.empty() ? writer->heads().append(line) : heads_fail; },
        error);
    EXPECT_NE(out, nullptr) << error;
    return out;
  }
  json note(const std::string& what, const json& query, uid_t uid = 1000) {
    return readings->note({{"command", "reading"}, {"what", what}, {"query", query}}, uid,
                          "user" + std::to_string(uid), now_ns);
  }
  std::vector<json> lines(const char* file) {
    std::vector<json> out;
    std::istringstream in(read(log / file));
    for (std::string text; std::getline(in, text);) {
      out.push_back(json::parse(text));
    }
    return out;
  }
  std::vector<json> written() { return lines("readings.jsonl"); }
  ReadingsFindings check(const TakeLine& take = {}) {
    ReadingsFindings out;
    const auto key = SigningKey::open_public(log / "log.pub", error);
    EXPECT_EQ(check_readings(log, *key, take, out), "");
    return out;
  }
};

TEST_F(ReadingsTest, SaysWhoWhenWhatAndOfWhom) {
  EXPECT_EQ(note("logs", {{"from", "10.20.1.7"}, {"since", "2h"}, {"follow", true}})["line"], 1);
  const json line = written().at(0);
  EXPECT_EQ(line["kind"], "reading");
  EXPECT_EQ(line["what"], "logs");
  EXPECT_EQ(line["query"], (json{{"from", "10.20.1.7"}, {"since", "2h"}, {"follow", true}}));
  EXPECT_EQ(line["user"], "user1000");
  EXPECT_EQ(line["uid"], 1000);
  EXPECT_EQ(line["time"], utc_text(kNow));
  EXPECT_EQ(check().file.problem_count, 0u);
}

TEST_F(ReadingsTest, RepeatsWithinAMinuteBecomeOneCount) {
  for (int i = 0; i < 5; ++i) {
    EXPECT_FALSE(note("top", {{"by", "names"}}).contains("error"));
    now_ns += kSecond;
  }
  EXPECT_EQ(written().size(), 1u);
  note("top", {{"by", "names"}}, 1001);
  note("top", {{"by", "clients"}});
  EXPECT_EQ(written().size(), 3u) << "another user, another question";
  now_ns = kNow + 60 * kSecond;
  readings->settle(now_ns, 0);
  ASSERT_EQ(written().size(), 4u);
  EXPECT_EQ(written()[3]["repeats"], 4);
  EXPECT_EQ(written()[3]["time"], utc_text(kNow + 4 * kSecond));
  EXPECT_EQ(note("top", {{"by", "names"}})["line"], 5) << "its minute is over";
}

TEST_F(ReadingsTest, RevealsAndDisclosuresNeverFold) {
  const json query{{"pseudonym", "p-1"}, {"case", "c"}, {"reason", "r"}};
  note("reveal", query);
  note("reveal", query);
  note("disclose", query);
  note("disclose", query);
  EXPECT_EQ(written().size(), 4u);
}

TEST_F(ReadingsTest, RevealWithoutCaseOrReasonIsRefused) {
  EXPECT_TRUE(note("reveal", {{"pseudonym", "p-1"}, {"case", "c"}}).contains("error"));
  EXPECT_TRUE(note("reveal", {{"pseudonym", "p-1"}, {"reason", "r"}}).contains("error"));
  EXPECT_TRUE(written().empty());
}

TEST_F(ReadingsTest, MoreQuestionsThanAreWaitedForAreRecordedEach) {
  for (size_t i = 0; i < kMaxWaitingReadings; ++i) {
    note("logs", {{"from", std::to_string(i)}});
  }
  const size_t before = written().size();
  note("logs", {{"from", "one more"}});
  note("logs", {{"from", "one more"}});
  EXPECT_EQ(written().size(), before + 2);
}

TEST_F(ReadingsTest, WhatIsNoReadingIsRefusedAndLeavesNoLine) {
  json many = json::object();
  for (size_t i = 0; i <= kMaxReadingMembers; ++i) {
    many[std::string(i + 1, 'a')] = "x";
  }
  const json wrong[] = {json::object(),
                        {{"what", "logs"}},
                        {{"what", ""}, {"query", json::object()}},
                        {{"what", "LOGS"}, {"query", json::object()}},
                        {{"what", std::string(33, 'a')}, {"query", json::object()}},
                        {{"what", 7}, {"query", json::object()}},
                        {{"what", "logs"}, {"query", json::array()}},
                        {{"what", "logs"}, {"query", {{"from", json::object()}}}},
                        {{"what", "logs"}, {"query", {{"From", "x"}}}},
                        {{"what", "logs"}, {"query", many}}};
  for (const json& each : wrong) {
    EXPECT_TRUE(readings->note(each, 0, "root", now_ns).contains("error")) << each.dump();
  }
  EXPECT_TRUE(written().empty());
}

TEST_F(ReadingsTest, LongTextsLoseTheirEndBetweenCharacters) {
  std::string text(kMaxReadingText - 1, 'a');
  text += "字";
  note("logs", {{"from", text}, {"to", "\xff\xfe"}});
  EXPECT_EQ(written().at(0)["query"]["from"], std::string(kMaxReadingText - 1, 'a') + "…");
  EXPECT_EQ(check().file.problem_count, 0u);
}

TEST_F(ReadingsTest, HeadsNameTheLastLineWhenASegmentClosesOrADayIsOver) {
  readings->settle(now_ns, 0);
  note("logs", {{"from", "10.20.1.7"}});
  readings->settle(now_ns, 0);
  EXPECT_TRUE(lines("heads.jsonl").empty());
  readings->settle(now_ns, 1);
  ASSERT_EQ(lines("heads.jsonl").size(), 1u);
  const json told = lines("heads.jsonl")[0];
  EXPECT_EQ(told["kind"], "readings");
  EXPECT_EQ(told["last"], 1);
  EXPECT_THAT(told.dump(), testing::Not(HasSubstr("10.20"))) << "the witness gets it";
  readings->settle(now_ns, 2);
  EXPECT_EQ(lines("heads.jsonl").size(), 1u) << "nothing is new";
  note("logs", {{"from", "10.20.1.8"}});
  now_ns += 25 * 3600 * kSecond;
  readings->settle(now_ns, 2);
  EXPECT_EQ(lines("heads.jsonl").size(), 2u);
  EXPECT_EQ(check().told, 2u);
}

TEST_F(ReadingsTest, ALineThatHeadsMissIsToldAgain) {
  note("logs", {{"from", "10.20.1.7"}});
  heads_fail = "the disk is full";
  readings->finish(now_ns);
  EXPECT_TRUE(lines("heads.jsonl").empty());
  heads_fail.clear();
  readings->finish(now_ns);
  EXPECT_EQ(lines("heads.jsonl").size(), 1u);
}

TEST_F(ReadingsTest, FinishWritesTheCountsThatWait) {
  note("logs", {{"from", "10.20.1.7"}});
  note("logs", {{"from", "10.20.1.7"}});
  readings->finish(now_ns);
  EXPECT_EQ(written().at(1)["repeats"], 1);
  readings = start();
  EXPECT_EQ(note("logs", {{"from", "10.20.1.7"}})["line"], 3);
}

TEST_F(ReadingsTest, OldFilesPutBackWholeShowInHeads) {
  note("logs", {{"from", "10.20.1.7"}});
  const std::string file = read(log / "readings.jsonl"), head = read(log / "readings.head");
  note("logs", {{"from", "10.20.1.8"}});
  readings->finish(now_ns);
  EXPECT_EQ(check().file.problem_count, 0u);
  write(log / "readings.jsonl", file);
  write(log / "readings.head", head);
  EXPECT_THAT(check().file.problems, Contains(HasSubstr("line 2, which heads.jsonl names, is missing")));
  readings = start();
  note("logs", {{"from", "10.20.1.9"}});
  EXPECT_THAT(check().file.problems, Contains(HasSubstr("line 2 is another one than heads.jsonl names")));
  readings.reset();
  std::filesystem::remove(log / "readings.jsonl");
  EXPECT_THAT(check().file.problems, Contains(HasSubstr("readings.jsonl is missing")));
}

TEST_F(ReadingsTest, AChangedByteShows) {
  note("logs", {{"from", "10.20.1.7"}});
  std::string file = read(log / "readings.jsonl");
  file[file.find("10.20")] = '2';
  write(log / "readings.jsonl", file);
  EXPECT_NE(check().file.problem_count, 0u);
}

TEST_F(ReadingsTest, ALogWithoutReadingsIsNoFault) {
  readings.reset();
  std::filesystem::remove(log / "readings.jsonl");
  std::filesystem::remove(log / "readings.head");
  const ReadingsFindings found = check();
  EXPECT_TRUE(found.none);
  EXPECT_EQ(found.file.problem_count, 0u);
}

}  // namespace
}  // namespace sluice::control
