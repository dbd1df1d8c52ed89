// review tests: months, ids, what people found and when it is overdue.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "control/base/utc.h"
#include "control/review/review_book.h"
#include "tests/unit/segment/segments.h"

namespace sluice::control {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TimeZone shanghai() {
  return TimeZone::find("Asia/Shanghai").value();
}
int64_t at(const char* time) {
  return parse_utc(time).value();
}

TEST(Month, IsReadAsItIsWritten) {
  EXPECT_EQ(month_text(month_of("2026-11").value()), "2026-11");
  for (const char* text :
       {"", "2026-13", "2026-00", "2026-1", "26-11", "2026-11-01", "2026/11", "20a6-11", "1969-12"}) {
    EXPECT_EQ(month_of(text), std::nullopt) << text;
  }
}

TEST(Month, SpansWhatTheSitesClocksShow) {
  const MonthSpan span = span_of(month_of("2026-11").value(), shanghai());
  EXPECT_EQ(utc_text(span.begin_ns), "2026-10-31T16:00:00.000000Z");
  EXPECT_EQ(utc_text(span.end_ns), "2026-11-30T16:00:00.000000Z");
  EXPECT_EQ(month_text(month_at(span.end_ns, shanghai())), "2026-12");
  EXPECT_EQ(month_text(month_at(span.end_ns - 1, shanghai())), "2026-11");
}

TEST(Month, ALocalClockFollowsSummerTime) {
  const TimeZone berlin = TimeZone::find("Europe/Berlin").value();
  LocalClock clock(berlin);
  EXPECT_EQ(clock.at(at("2026-10-25T00:30:00.000000Z")).hour, 2U);
  EXPECT_EQ(clock.at(at("2026-10-25T01:30:00.000000Z")).hour, 2U);
  EXPECT_EQ(clock.at(at("2026-10-25T02:30:00.000000Z")).hour, 3U);
  EXPECT_EQ(local_minute(at("2026-10-25T23:30:00.000000Z"), berlin), "2026-10-26 00:30");
}

TEST(IncidentId, IsOfPersonRuleAndBeginning) {
  const std::string id = incident_id("li.wei", "no-bets", kNow);
  EXPECT_TRUE(id.starts_with("20261123T040506Z-")) << id;
  EXPECT_EQ(id, incident_id("li.wei", "no-bets", kNow));
  EXPECT_NE(id, incident_id("li.wein", "o-bets", kNow));
  EXPECT_NE(id, incident_id("li.wei", "no-bets", kNow + 1000));
  EXPECT_EQ(incident_second_ns(id), kNow);
  const std::vector<std::string> wrongs{"",
                                        id + "0",
                                        id.substr(1),
                                        "2026112xT040506Z-0123456789",
                                        "20261341T040506Z-0123456789",
                                        "20261123T040506Z-012345678G"};
  for (const std::string& wrong : wrongs) {
    EXPECT_EQ(incident_second_ns(wrong), std::nullopt) << wrong;
  }
}

struct ReviewBookTest : Segments {
  std::unique_ptr<SegmentWriter> writer = open();
  std::unique_ptr<ReviewBook> book = ReviewBook::open(log, state, error);
  const std::string id = incident_id("li.wei", "no-bets", kNow);

  json answer(json request, int64_t now_ns = kNow) {
    return book->answer(request, 1000, "wang", now_ns, shanghai());
  }
  json finding(const std::string& word) {
    return {{"command", "finding"}, {"incident", id},  {"word", word},      {"by", "Wang Fang"},
            {"finding", "asked"},   {"who", "li.wei"}, {"rule", "no-bets"}, {"start", utc_text(kNow)}};
  }
  json review(const std::string& month) {
    return {{"command", "review"},
            {"month", month},
            {"by", "Wang Fang"},
            {"finding", "sound"},
            {"figures", std::string(64, 'a')}};
  }
};

TEST_F(ReviewBookTest, TheLastWordCountsAndTheOthersStay) {
  ASSERT_NE(book, nullptr) << error;
  EXPECT_TRUE(answer(finding("confirmed")).contains("ok"));
  EXPECT_TRUE(answer(finding("dismissed")).contains("ok"));
  Reviews read;
  SealedFindings found;
  ASSERT_EQ(read_reviews(log, read, found), "");
  EXPECT_THAT(found.problems, IsEmpty());
  ASSERT_NE(read.word_on(id), nullptr);
  EXPECT_FALSE(read.word_on(id)->confirmed);
  EXPECT_EQ(read.incidents.at(id).size(), 2U);
  EXPECT_EQ(read.incidents.at(id).front().by, "Wang Fang");
  EXPECT_EQ(read.word_on("20261123T040506Z-0123456789"), nullptr);
}

TEST_F(ReviewBookTest, AnIncidentOfAnotherIdIsRefused) {
  for (const char* key : {"incident", "who", "rule", "start", "word", "by", "finding"}) {
    json request = finding("confirmed");
    request[key] = "x";
    const bool free = key == std::string("by") || key == std::string("finding");
    EXPECT_EQ(answer(request).contains("error"), !free) << key;
    request[key] = "";
    EXPECT_TRUE(answer(request).contains("error")) << key;
    request[key] = 7;
    EXPECT_TRUE(answer(request).contains("error")) << key;
  }
  json request = finding("confirmed");
  request["finding"] = std::string(kMaxReviewFinding + 1, 'x');
  EXPECT_TRUE(answer(request).contains("error"));
}

TEST_F(ReviewBookTest, AMonthIsReviewedWhenItIsOver) {
  EXPECT_THAT(answer(review("2026-11"))["error"].get<std::string>(), HasSubstr("not over"));
  EXPECT_TRUE(answer(review("2026-13")).contains("error"));
  json unsummed = review("2026-10");
  unsummed["figures"] = "x";
  EXPECT_TRUE(answer(unsummed).contains("error"));
  const json done = answer(review("2026-10"));
  ASSERT_TRUE(done.contains("signed")) << done.dump();
  const json line = json::parse(done["signed"].get<std::string>());
  EXPECT_EQ(line["user"], "wang");
  EXPECT_EQ(line["uid"], 1000);
  EXPECT_EQ(line["figures"], std::string(64, 'a'));
}

TEST_F(ReviewBookTest, AReviewNamesTheLogsLastSignedLine) {
  ASSERT_EQ(writer->append(batch(1, 3), kNow), "");
  ASSERT_EQ(writer->close(kNow), "");
  ASSERT_TRUE(answer(review("2026-10")).contains("ok"));
  const MonthReview& review = book->reviews().months.at("2026-10").back();
  EXPECT_EQ(review.head_line, writer->heads().findings().last_number);
  EXPECT_EQ(review.head_sha256, writer->heads().findings().last_sha256);
}

TEST_F(ReviewBookTest, ARestartKnowsWhatWasSaid) {
  ASSERT_TRUE(answer(review("2026-10")).contains("ok"));
  book.reset();
  book = ReviewBook::open(log, state, error);
  ASSERT_NE(book, nullptr) << error;
  EXPECT_EQ(book->reviews().months.count("2026-10"), 1U);
}

TEST_F(ReviewBookTest, AChangedWordShows) {
  ASSERT_TRUE(answer(finding("confirmed")).contains("ok"));
  ASSERT_TRUE(answer(finding("dismissed")).contains("ok"));
  std::string text = read(log / "reviews.jsonl");
  text.replace(text.find("confirmed"), 9, "dismissed");
  write(log / "reviews.jsonl", text);
  Reviews read;
  SealedFindings found;
  ASSERT_EQ(read_reviews(log, read, found), "");
  EXPECT_THAT(found.problems, testing::Contains(HasSubstr("line 1 was changed")));
}

TEST_F(ReviewBookTest, AFileThatWasTakenAwayIsAnError) {
  ASSERT_TRUE(answer(finding("confirmed")).contains("ok"));
  std::filesystem::remove(log / "reviews.jsonl");
  Reviews read;
  SealedFindings found;
  EXPECT_NE(read_reviews(log, read, found), "");
}

TEST(Reviews, LinesThatAreNoneOfOursArePassedOver) {
  Reviews reviews;
  for (const char* line : {"", "7", "[]", "{}", R"({"kind":"finding","incident":"x","word":"confirmed"})",
                           R"({"kind":"review","month":"2026-13"})", R"({"kind":7,"month":[]})"}) {
    reviews.take(line);
  }
  EXPECT_THAT(reviews.incidents, IsEmpty());
  EXPECT_THAT(reviews.months, IsEmpty());
}

std::vector<std::string> overdue(const Reviews& reviews, const char* oldest, const char* now) {
  std::vector<std::string> out;
  for (const Month each : overdue_months(reviews, at(oldest), at(now), shanghai())) {
    out.push_back(month_text(each));
  }
  return out;
}

TEST(Overdue, FromTheEleventhOfTheNextMonthBySiteTime) {
  const Reviews none;
  const char* const oldest = "2026-09-20T00:00:00.000000Z";
  EXPECT_THAT(overdue(none, oldest, "2026-10-10T15:59:59.000000Z"), IsEmpty());
  EXPECT_THAT(overdue(none, oldest, "2026-10-10T16:00:00.000000Z"), ElementsAre("2026-09"));
  EXPECT_THAT(overdue(none, oldest, "2026-12-01T00:00:00.000000Z"), ElementsAre("2026-09", "2026-10"));
}

TEST(Overdue, WhatIsReviewedIsNot) {
  Reviews reviews;
  reviews.take(R"({"kind":"review","month":"2026-09"})");
  EXPECT_THAT(overdue(reviews, "2026-09-20T00:00:00.000000Z", "2026-12-01T00:00:00.000000Z"),
              ElementsAre("2026-10"));
}

TEST(Overdue, ALogWithoutRecordsOwesNothingAndAnOldClockIsBounded) {
  const Reviews none;
  EXPECT_THAT(overdue_months(none, 0, kNow, TimeZone()), IsEmpty());
  EXPECT_LE(overdue_months(none, 1, kNow, TimeZone()).size(), static_cast<size_t>(kMaxReviewMonths));
}

}  // namespace
}  // namespace sluice::control
