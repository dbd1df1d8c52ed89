// evidence tests: what a log has of a period: bytes by line and day, gaps, days that are complete.
#include "control/evidence/survey.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "control/base/utc.h"
#include "control/evidence/pseudonymised.h"
#include "control/evidence/sealed_copy.h"
#include "tests/unit/segment/segments.h"

namespace sluice::control {
namespace {

using nlohmann::json;
constexpr int64_t kHour = 3600 * kSecond, kDayNs = 24 * kHour;
/// 2026-11-23T00:00:00Z.
constexpr int64_t kMidnight = kNow - (4 * 3600 + 5 * 60 + 6) * kSecond;

struct Survey : Segments {
  std::unique_ptr<SegmentWriter> writer = open({.age = std::chrono::hours(1000)});
  std::unique_ptr<SigningKey> key = SigningKey::open_public(log / "log.pub", error);
  uint64_t numbers = 0;

  void add(int64_t time_ns, json line) {
    LogBatch batch;
    line["@timestamp"] = utc_text(time_ns);
    line["event"]["id"] = "000000000000b007-0-" + std::to_string(++numbers);
    batch.lines = line.dump() + "\n";
    batch.note(time_ns, {kBoot, 0, numbers});
    ASSERT_EQ(writer->append(batch, time_ns), "");
  }
  void access(int64_t time_ns, const char* action = "allowed") {
    add(time_ns, {{"event", {{"action", action}}},
                  {"source", {{"ip", "10.20.1.7"}, {"bytes", 5}}},
                  {"sluice", {{"line", "iplc-sg"}}}});
  }
  void end(int64_t time_ns, uint64_t up, uint64_t down) {
    add(time_ns, {{"event", {{"action", "allowed"}}},
                  {"source", {{"ip", "10.20.1.7"}, {"bytes", up}}},
                  {"destination", {{"bytes", down}}},
                  {"sluice", {{"line", "iplc-sg"}, {"ended", "fin"}}}});
  }
  void close(int64_t time_ns) { ASSERT_EQ(writer->close(time_ns), ""); }
  LogSurvey survey(int64_t since_ns, int64_t until_ns, const TimeZone& zone = TimeZone()) {
    LogSurvey out;
    HeadsOfPeriod heads(since_ns, until_ns);
    SealedCopy copy;
    EXPECT_EQ(copy_sealed(
                  heads_paths(log, {}), *key, [&](std::string_view line) { heads.take(line); }, copy),
              "");
    EXPECT_EQ(heads.finish(log, out), "");
    EXPECT_EQ(survey_log(since_ns, until_ns, zone, {}, out), "");
    return out;
  }
};

TEST_F(Survey, AddsUpBytesByDayAndLineOfFlowsEndsAlone) {
  access(kMidnight + kHour);
  access(kMidnight + kHour, "blocked");
  end(kMidnight + 2 * kHour, 100, 2000);
  end(kMidnight + 25 * kHour, 7, 9);
  close(kMidnight + 26 * kHour);
  const LogSurvey found = survey(kMidnight, kMidnight + 2 * kDayNs);
  ASSERT_EQ(found.use.size(), 2u);
  const LineDay first = found.use.at({"2026-11-23", "iplc-sg"}),
                second = found.use.at({"2026-11-24", "iplc-sg"});
  EXPECT_EQ(first.accesses, 2u);
  EXPECT_EQ(first.blocked, 1u);
  EXPECT_EQ(first.bytes_up, 100u);
  EXPECT_EQ(first.bytes_down, 2000u);
  EXPECT_EQ(second.bytes_up, 7u);
  EXPECT_EQ(found.records, 4u);
}

TEST_F(Survey, DaysAreTheSites) {
  end(kMidnight + 15 * kHour + kHour / 2, 1, 1);  // 23:30 in Shanghai
  end(kMidnight + 16 * kHour, 2, 2);              // midnight there
  close(kMidnight + 17 * kHour);
  const auto zone = TimeZone::find("Asia/Shanghai");
  ASSERT_TRUE(zone);
  const LogSurvey found = survey(kMidnight, kMidnight + kDayNs, *zone);
  EXPECT_EQ(found.use.at({"2026-11-23", "iplc-sg"}).bytes_up, 1u);
  EXPECT_EQ(found.use.at({"2026-11-24", "iplc-sg"}).bytes_up, 2u);
}

TEST_F(Survey, WhatLiesOutsideThePeriodIsNotCounted) {
  access(kMidnight);
  access(kMidnight + kHour);
  close(kMidnight + kHour);
  access(kMidnight + 3 * kHour);
  close(kMidnight + 3 * kHour);
  const LogSurvey found = survey(kMidnight + kHour / 2, kMidnight + 2 * kHour);
  EXPECT_EQ(found.segments.size(), 1u);
  EXPECT_EQ(found.records, 1u);
  EXPECT_EQ(found.begins_ns, kMidnight);
  EXPECT_EQ(found.ends_ns, kMidnight + 3 * kHour);
}

TEST_F(Survey, ADayIsCompleteWhereNothingOfItIsMissing) {
  access(kMidnight - kHour);
  close(kMidnight - kHour);
  access(kMidnight + kDayNs + kHour);
  close(kMidnight + kDayNs + kHour);
  const LogSurvey found = survey(kMidnight - kDayNs, kMidnight + 2 * kDayNs - 1);
  const auto days = days_of(found, kMidnight - kDayNs, kMidnight + 2 * kDayNs - 1, TimeZone());
  ASSERT_EQ(days.size(), 3u);
  EXPECT_EQ(days[0].en, "the log begins later");
  EXPECT_TRUE(days[1].complete);
  EXPECT_EQ(days[1].day, "2026-11-23");
  EXPECT_EQ(days[2].en, "what came later is not closed and signed yet");
}

TEST_F(Survey, AGapAndAMissingSegmentMakeADayIncomplete) {
  access(kMidnight - kHour);
  add(kMidnight + kHour,
      {{"event", {{"kind", "pipeline_error"}, {"reason", "ring"}}},
       {"sluice", {{"lost", 7}, {"from", utc_text(kMidnight)}, {"until", utc_text(kMidnight + kHour)}}}});
  close(kMidnight + kHour);
  access(kMidnight + kDayNs + kHour);
  close(kMidnight + kDayNs + kHour);
  access(kMidnight + 3 * kDayNs);
  close(kMidnight + 3 * kDayNs);
  std::filesystem::remove(segment(1));
  const LogSurvey found = survey(kMidnight, kMidnight + 3 * kDayNs - 1);
  EXPECT_EQ(found.gap_count, 1u);
  EXPECT_EQ(found.lost, 7u);
  const auto days = days_of(found, kMidnight, kMidnight + 3 * kDayNs - 1, TimeZone());
  ASSERT_EQ(days.size(), 3u);
  EXPECT_EQ(days[0].en, "records are missing");
  EXPECT_EQ(days[1].en, "a segment is missing");
  EXPECT_TRUE(days[2].complete);
}

TEST_F(Survey, WhatIsWrittenAfterTheHeadIsNotCopied) {
  access(kMidnight);
  close(kMidnight);
  const std::string head = read(log / "heads.head");
  access(kMidnight + kHour);
  close(kMidnight + kHour);
  write(log / "heads.head", head);
  SealedCopy copy;
  size_t lines = 0;
  EXPECT_EQ(copy_sealed(
                heads_paths(log, {}), *key, [&](std::string_view) { ++lines; }, copy),
            "");
  EXPECT_EQ(lines, 1u);
  const std::string all = read(log / "heads.jsonl");
  EXPECT_EQ(copy.bytes, all.find('\n') + 1);
  EXPECT_EQ(copy.head, head);
}

TEST_F(Survey, PseudonymisedSegmentHasALineForEach) {
  access(kMidnight);
  access(kMidnight + kHour);
  close(kMidnight + kHour);
  const auto pseudonyms = Pseudonyms::open_or_make(state / "copies.key", "evidence", error);
  ASSERT_TRUE(pseudonyms) << error;
  PseudonymisedSegment made;
  ASSERT_EQ(pseudonymise(segment(), *pseudonyms, root, {}, made), "");
  std::string headers(made.headers_bytes, '\0'), lines(made.lines_bytes, '\0');
  ASSERT_EQ(::read(made.headers.get(), headers.data(), headers.size()), static_cast<ssize_t>(headers.size()));
  ASSERT_EQ(::read(made.lines.get(), lines.data(), lines.size()), static_cast<ssize_t>(lines.size()));
  EXPECT_EQ(std::ranges::count(headers, '\n'), 3);  // of two frames, and the signed line
  write(root / "lines.zst", lines);
  EXPECT_EQ(
      std::system(("zstd -dcq " + (root / "lines.zst").string() + " > " + (root / "lines").string()).c_str()),
      0);
  const std::string text = read(root / "lines");
  EXPECT_EQ(std::ranges::count(text, '\n'), 2);
  EXPECT_EQ(text.find("10.20.1.7"), std::string::npos);
  EXPECT_EQ(made.withheld + made.damaged, 0u);
}

}  // namespace
}  // namespace sluice::control
