// report tests: what the report says of all but the accesses, and that no text from outside becomes markup.
#include <nlohmann/json.hpp>

#include "tests/unit/report/report_log.h"

namespace sluice::control {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr const char* kEvil = "<script>alert(1)</script>\"'&><img src=x onerror=y>";

struct ReportTest : ReportLog {
  static json applied(uint32_t generation, int64_t time_ns, const std::string& author,
                      const std::string& reason) {
    return {{"generation", generation},
            {"time_ns", time_ns},
            {"author", author},
            {"reason", reason},
            {"sha256", std::string(64, 'b')}};
  }
  json word_on(const Incident& incident, const std::string& word, const std::string& text = "Wang Fang") {
    const auto book = ReviewBook::open(log, state, error);
    return book->answer({{"command", "finding"},
                         {"incident", incident.id},
                         {"word", word},
                         {"by", text},
                         {"finding", text},
                         {"who", incident.who},
                         {"rule", incident.rule},
                         {"start", utc_text(incident.first_ns)}},
                        0, "root", kNow, TimeZone());
  }
};

TEST_F(ReportTest, NamesNobodyOfWhatIsOpenAndCountsWhatIsConfirmed) {
  ruled(0, "10.20.1.7", "bet.example", "blocked", "no-bets")["user"] = {{"name", "confirmed.person"}};
  ruled(1, "10.20.1.8", "bet.example", "blocked", "no-bets")["user"] = {{"name", "open.person"}};
  ruled(2, "10.20.1.9", "bet.example", "blocked", "no-bets")["user"] = {{"name", "dismissed.person"}};
  const auto incidents = figures().incidents;
  ASSERT_EQ(incidents.size(), 3U);
  ASSERT_TRUE(word_on(incidents[0], "confirmed").contains("ok"));
  ASSERT_TRUE(word_on(incidents[2], "dismissed").contains("ok"));
  const std::string page = report_page(report(), Language::English);
  EXPECT_THAT(page, HasSubstr("confirmed.person"));
  EXPECT_THAT(page, HasSubstr(incidents[1].id));
  EXPECT_THAT(page, Not(HasSubstr("open.person")));
  EXPECT_THAT(page, Not(HasSubstr("dismissed.person")));
  EXPECT_THAT(page, HasSubstr("1 confirmed, 1 dismissed, 1 open"));
}

TEST_F(ReportTest, ChangesAndBypassesOfTheMonthAlone) {
  const int64_t day = 86'400 * kSecond;
  json bypass = applied(3, kNow + day, "wang", "line test");
  bypass["bypass"] = {{"from_s", (kNow + day) / kSecond}, {"until_s", (kNow + day) / kSecond + 3600}};
  history({applied(1, kNow - 40 * day, "root", "october"),
           applied(2, kNow, "li.wei", "IT-4711"),
           {{"generation", 2}, {"refused", "too big"}},
           bypass,
           applied(4, kNow + day + 600 * kSecond, "wang", "ended"),
           applied(5, kNow + 20 * day, "root", "december")});
  open();
  const MonthReport made = report();
  ASSERT_EQ(made.changes_error, "");
  ASSERT_EQ(made.changes.changes.size(), 3U);
  EXPECT_EQ(made.changes.changes[0].reason, "IT-4711");
  EXPECT_TRUE(made.changes.changes[0].refused);
  ASSERT_EQ(made.changes.bypasses.size(), 1U);
  EXPECT_TRUE(made.changes.bypasses[0].ended_early);
  EXPECT_EQ(made.changes.bypasses[0].until_ns - made.changes.bypasses[0].from_ns, 600 * kSecond);
  const std::string page = report_page(made, Language::English);
  EXPECT_THAT(page, HasSubstr("IT-4711"));
  EXPECT_THAT(page, Not(HasSubstr("october")));
}

TEST_F(ReportTest, ABypassThatLaterPoliciesBearIsOne) {
  json first = applied(2, kNow, "wang", "line test");
  first["bypass"] = {{"from_s", kNow / kSecond}, {"until_s", kNow / kSecond + 3600}};
  json applied_meanwhile = first;
  applied_meanwhile["generation"] = 3;
  applied_meanwhile["time_ns"] = kNow + 60 * kSecond;
  history({first, applied_meanwhile});
  open();
  const MonthReport made = report();
  ASSERT_EQ(made.changes.bypasses.size(), 1U);
  EXPECT_FALSE(made.changes.bypasses[0].ended_early);
}

TEST_F(ReportTest, AMonthThatIsNotOverSaysSo) {
  access(0, "10.20.1.7", "a.example");
  const MonthReport made = report(kNow + 60 * kSecond);
  EXPECT_FALSE(made.over);
  EXPECT_THAT(report_page(made, Language::English), HasSubstr("The month has not ended"));
  EXPECT_THAT(report_page(made, Language::Chinese), HasSubstr("本月尚未结束"));
  EXPECT_EQ(made.log.count(DayState::ToCome), 8U);
  EXPECT_THAT(report_page(report(), Language::English), Not(HasSubstr("The month has not ended")));
}

TEST_F(ReportTest, AnEmptyMonthIsAReport) {
  access(0, "10.20.1.7", "a.example");
  const MonthReport made = report(kNow + 20 * 86'400 * kSecond, "2026-10");
  EXPECT_EQ(made.figures.all.accesses, 0U);
  EXPECT_THAT(report_page(made, Language::English), HasSubstr("no access of this month"));
  EXPECT_THAT(report_page(made, Language::English), HasSubstr("The history of the policy cannot be read"));
}

TEST_F(ReportTest, DaysWithAGapAreNamed) {
  access(0, "10.20.1.7", "a.example");
  written.back()["event"]["id"] = "000000000000b007-0-1";
  save();
  LogBatch gap;  // its members stand in the order in which the gateway writes them
  gap.lines = R"({"@timestamp":")" + at(86'400) +
              R"(","event":{"kind":"pipeline_error","reason":"log-full","id":"000000000000b007-0-2"},)" +
              R"("sluice":{"lost":7,"worker":0,"from":")" + at(3600) + R"(","until":")" + at(86'400) +
              "\"}}\n";
  gap.note(kNow + 86'400 * kSecond, {kBoot, 0, 8});
  ASSERT_EQ(open()->append(gap, kNow), "");
  const MonthReport made = report();
  EXPECT_EQ(made.log.error, "");
  EXPECT_EQ(made.log.count(DayState::Gap), 2U);
  EXPECT_EQ(made.log.days[22], DayState::Gap);
  EXPECT_EQ(made.log.days[23], DayState::Gap);
  EXPECT_EQ(made.log.days[24], DayState::Complete);
  EXPECT_EQ(made.log.days[0], DayState::Before);
  EXPECT_THAT(report_page(made, Language::English), HasSubstr("23, 24"));
}

TEST_F(ReportTest, AReviewOfOtherFiguresSaysSo) {
  access(0, "10.20.1.7", "a.example");
  const MonthReport before = report();
  const auto book = ReviewBook::open(log, state, error);
  ASSERT_TRUE(book->answer({{"command", "review"},
                            {"month", "2026-11"},
                            {"by", "Wang Fang"},
                            {"finding", "sound"},
                            {"figures", before.figures_sha256}},
                           0, "root", kNow + 20 * 86'400 * kSecond, TimeZone())
                  .contains("ok"));
  EXPECT_THAT(report_page(report(), Language::English), HasSubstr("the figures were these"));
  access(1, "10.20.1.7", "a.example");
  EXPECT_THAT(report_page(report(), Language::English), HasSubstr("the figures were others"));
  EXPECT_EQ(report_json(report())["review"]["same_figures"], false);
}

TEST_F(ReportTest, NothingFromOutsideBecomesMarkup) {
  json& line = ruled(0, "10.20.1.7", kEvil, "blocked", "no-bets", kEvil);
  line["user"] = {{"name", kEvil}};
  line["sluice"]["network"] = kEvil;
  line["network"]["protocol"] = kEvil;
  ruled(1, kEvil, kEvil, "blocked", kEvil);
  access(2, kEvil, kEvil, "blocked", "tunnel")["network"]["protocol"] = kEvil;
  access(3, kEvil, kEvil, "blocked", "unregistered-source");
  access(4, kEvil,
         "\xe2\x80\xae"
         "evil",
         "blocked", kEvil);
  end(5, kEvil, kEvil, 1, 1);
  history({applied(1, kNow, kEvil, kEvil)});
  const auto incidents = figures().incidents;
  ASSERT_EQ(incidents.size(), 1U);
  ASSERT_TRUE(word_on(incidents[0], "confirmed", kEvil).contains("ok"));
  policy_is(
      std::string(kReportPolicy) +
      "  - {name: evil, from: [10.20.9.8], to: [b.example], action: allow, owner: \"<script>\", ticket: "
      "\"<script>\", expires: 2026-12-30}\n");
  const MonthReport made = report();
  for (const Language language : {Language::English, Language::Chinese}) {
    const std::string page = report_page(made, language);
    EXPECT_THAT(page, HasSubstr("&lt;script&gt;alert(1)"));
    EXPECT_THAT(page, Not(HasSubstr("<script")));
    EXPECT_THAT(page, Not(HasSubstr("<img")));
  }
  EXPECT_EQ(report_json(made)["violations"][0]["who"], kEvil);
}

TEST_F(ReportTest, APolicyThatCannotBeReadIsSaid) {
  open();
  policy_is("site: [");
  MonthReport out;
  EXPECT_THAT(make_report({.log = log,
                           .state = state,
                           .policy = policy,
                           .month = month_of("2026-11").value(),
                           .now_ns = kNow,
                           .progress = {}},
                          out),
              HasSubstr("site.yaml"));
}

}  // namespace
}  // namespace sluice::control
