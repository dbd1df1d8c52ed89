// judge tests: the accesses of a log as questions, whatever state the log is in.
#include "control/judge/replayed.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "control/base/utc.h"
#include "tests/unit/segment/segments.h"

namespace sluice::control {
namespace {

struct ReplayedTest : Segments {
  ReplayFindings found;
  std::vector<std::string> asked;  ///< `name count` of each question

  static std::string access(uint64_t number, const std::string& name, const std::string& more = "") {
    return R"({"@timestamp":")" + utc_text(kNow + static_cast<int64_t>(number) * kSecond) +
           R"(","event":{"action":"allowed","reason":"default","id":"x"},)"
           R"("network":{"transport":"tcp","protocol":"tls","type":"ipv4"},)"
           R"("source":{"ip":"10.20.1.7","port":50000,"bytes":517},)"
           R"("destination":{"ip":"198.51.100.9","port":443,"bytes":0,"domain":")" +
           name + R"("},"sluice":{"network":"staff","line":"one","seen":"sni","generation":1)" + more +
           "}}\n";
  }
  void write(const std::vector<std::string>& lines) {
    const auto writer = open();
    LogBatch out;
    uint64_t number = 0;
    for (const std::string& line : lines) {
      out.lines += line;
      ++number;
      out.note(kNow + static_cast<int64_t>(number) * kSecond, {kBoot, 0, number});
    }
    EXPECT_EQ(writer->append(out, kNow), "");
  }
  std::string replay(const QueryOptions& query = {}) {
    found = {};
    asked.clear();
    return replay_log(
        log, query,
        [&](const RecordedLine& line) {
          if (line.question != nullptr)
            asked.push_back(line.question->name + " " + std::to_string(line.count));
          return true;
        },
        found);
  }
};

TEST_F(ReplayedTest, HandsOutAccessesAndCountsWhatAsksNothing) {
  write({access(1, "a.example"), access(2, "b.example", R"(,"ended":"fin")"), access(3, "c.example"),
         R"({"event":{"kind":"pipeline_error"}})"
         "\n"});
  ASSERT_EQ(replay(), "");
  EXPECT_EQ(asked, (std::vector<std::string>{"a.example 1", "c.example 1"}));
  EXPECT_EQ(found.questions, 2u);
  EXPECT_EQ(found.unasked["it is the end of a flow"], 1u);
  EXPECT_EQ(found.unasked["records are missing there"], 1u);
  EXPECT_EQ(found.first_time, utc_text(kNow + kSecond));
  EXPECT_EQ(found.last_time, utc_text(kNow + 3 * kSecond));
}

TEST_F(ReplayedTest, PeriodLeavesOutTheRest) {
  write({access(1, "a.example"), access(2, "b.example"), access(3, "c.example")});
  ASSERT_EQ(replay({.since = utc_text(kNow + 2 * kSecond), .until = utc_text(kNow + 2 * kSecond)}), "");
  EXPECT_EQ(asked, std::vector<std::string>{"b.example 1"});
}

TEST_F(ReplayedTest, EmptyLogHasNoneAndMissingOneIsTold) {
  std::filesystem::create_directories(log);
  EXPECT_EQ(replay(), "");
  EXPECT_EQ(found.questions, 0u);
  std::filesystem::remove_all(log);
  EXPECT_NE(replay(), "");
}

TEST_F(ReplayedTest, HalfWrittenLogGivesWhatIsWhole) {
  write({access(1, "a.example")});
  std::filesystem::path segment;
  for (const auto& entry : std::filesystem::directory_iterator(log))
    if (entry.path().extension() == ".zst") segment = entry.path();
  ASSERT_FALSE(segment.empty());
  const auto whole = std::filesystem::file_size(segment);
  for (const uint64_t size : {whole - 1, whole / 2, uint64_t{10}, uint64_t{0}}) {
    std::filesystem::resize_file(segment, size);
    (void)replay();
    EXPECT_LE(asked.size(), 1u) << size;
  }
}

}  // namespace
}  // namespace sluice::control
