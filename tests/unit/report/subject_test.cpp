// report tests: all that is held on a person.
#include <nlohmann/json.hpp>

#include "control/report/subject.h"
#include "control/segment/writer.h"
#include "tests/unit/report/report_log.h"

namespace sluice::control {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

struct SubjectTest : ReportLog {
  std::vector<std::string> lines_taken;

  SubjectFound subject(const std::string& who) {
    save();
    lines_taken.clear();
    SubjectFound out;
    EXPECT_EQ(find_subject(
                  {.log = log, .policy = policy, .who = who, .since = {}, .until = {}, .progress = {}},
                  [&](std::string_view line) { lines_taken.emplace_back(line); }, out),
              "");
    return out;
  }
  void head(const json& line) {
    const auto file = SealedFile::open(heads_paths(log, state), "heads", {}, error);
    ASSERT_NE(file, nullptr) << error;
    ASSERT_EQ(file->append(line), "");
  }
  void reading(const json& query) {
    const auto file =
        SealedFile::open({log / "readings.jsonl", log / "readings.head", state / "log.key", log / "log.pub"},
                         "readings", {}, error);
    ASSERT_NE(file, nullptr) << error;
    ASSERT_EQ(
        file->append({{"time", at(0)}, {"user", "wang"}, {"uid", 7}, {"what", "logs"}, {"query", query}}),
        "");
  }
};

TEST_F(SubjectTest, TakesTheUsersLinesAndThoseOfTheirAddressesOnce) {
  access(0, "10.20.1.7", "a.example")["user"] = {{"name", "li.wei"}};
  access(1, "10.20.1.7", "b.example");
  access(2, "10.20.1.7", "c.example")["user"] = {{"name", "zhang.san"}};
  access(3, "10.30.1.7", "d.example")["user"] = {{"name", "li.wei"}};
  access(4, "10.20.1.8", "e.example");
  const SubjectFound found = subject("li.wei");
  EXPECT_THAT(found.addresses, ElementsAre("10.20.1.7"));
  EXPECT_EQ(found.all.accesses, 3U);
  EXPECT_EQ(lines_taken.size(), 3U);
  EXPECT_EQ(found.names.rows.size(), 3U);
  EXPECT_EQ(found.days.size(), 1U);
}

TEST_F(SubjectTest, WhoKeptDisclosedAndReadIt) {
  access(0, "10.20.1.7", "a.example")["user"] = {{"name", "li.wei"}};
  save();
  head({{"kind", "hold"},
        {"case", "c-1"},
        {"reason", "r"},
        {"user", "root"},
        {"uid", 0},
        {"since", at(-3600)},
        {"until", at(3600)}});
  head({{"kind", "hold"},
        {"case", "c-2"},
        {"reason", "r"},
        {"user", "root"},
        {"uid", 0},
        {"until", at(-9 * 86'400)}});
  head({{"kind", "disclosure"},
        {"case", "told-1"},
        {"time", at(60)},
        {"user", "root"},
        {"lines", 3},
        {"first", at(-1)},
        {"last", at(1)}});
  head({{"kind", "disclosure"},
        {"case", "told-2"},
        {"time", at(60)},
        {"user", "root"},
        {"lines", 3},
        {"first", at(-9e6)},
        {"last", at(-8e6)}});
  reading({{"from", "li.wei"}});
  reading({{"from", "10.20.0.0/16"}});
  reading({{"from", "zhang.san"}});
  reading({{"to", "a.example"}});
  const SubjectFound found = subject("li.wei");
  EXPECT_THAT(found.unknown, IsEmpty());
  ASSERT_EQ(found.holds.size(), 1U);
  EXPECT_EQ(found.holds[0].name, "c-1");
  ASSERT_EQ(found.disclosures.size(), 1U);
  EXPECT_EQ(found.disclosures[0].name, "told-1");
  ASSERT_EQ(found.readings.size(), 2U);
  EXPECT_EQ(found.readings[0].user, "wang");
  EXPECT_EQ(found.general_readings, 1U);
  const std::string page = subject_page(found, Language::English, kNow);
  EXPECT_THAT(page, HasSubstr("c-1"));
  EXPECT_THAT(page, HasSubstr("told-1"));
  EXPECT_THAT(page, Not(HasSubstr("told-2")));
}

TEST_F(SubjectTest, ViolationsAndWordsOnThoseThatTheLogHasNoMore) {
  ruled(0, "10.20.1.7", "bet.example", "blocked", "no-bets")["user"] = {{"name", "li.wei"}};
  save();
  const auto book = ReviewBook::open(log, state, error);
  const auto say = [&](const std::string& who) {
    const int64_t start = kNow - 400 * 86'400 * kSecond;
    return book->answer({{"command", "finding"},
                         {"incident", incident_id(who, "old-rule", start)},
                         {"word", "confirmed"},
                         {"by", "Wang Fang"},
                         {"finding", "f"},
                         {"who", who},
                         {"rule", "old-rule"},
                         {"start", utc_text(start)}},
                        0, "root", kNow, TimeZone());
  };
  ASSERT_TRUE(say("li.wei").contains("ok"));
  ASSERT_TRUE(say("zhang.san").contains("ok"));
  const SubjectFound found = subject("li.wei");
  EXPECT_EQ(found.incidents.size(), 1U);
  EXPECT_EQ(found.reviews.incidents.size(), 1U);
  const json said = subject_json(found);
  EXPECT_EQ(said["violations"].size(), 1U);
  EXPECT_EQ(said["findings_without_lines"].size(), 1U);
  EXPECT_THAT(subject_page(found, Language::Chinese, kNow), HasSubstr("old-rule"));
}

TEST_F(SubjectTest, RecipientsAndTerm) {
  policy_is(std::string(kReportPolicy) + R"(
log:
  keep: 365d
  country: CN
  copies:
    siem: {syslog: "tls://siem.example:6514", recipient: Example SOC, country: SG}
)");
  access(0, "10.20.1.7", "a.example");
  const json said = subject_json(subject("li.wei"));
  EXPECT_EQ(said["kept_seconds"], 365 * 86'400);
  EXPECT_EQ(said["recipients"][0]["recipient"], "Example SOC");
  EXPECT_EQ(said["recipients"][0]["pseudonyms"], true);
}

TEST_F(SubjectTest, NothingFromOutsideBecomesMarkup) {
  const std::string evil = "<script>x</script>";
  access(0, "10.20.1.7", evil)["user"] = {{"name", evil}};
  save();
  reading({{"from", evil}});
  head({{"kind", "hold"}, {"case", evil}, {"reason", evil}, {"user", evil}, {"uid", 0}});
  const std::string page = subject_page(subject(evil), Language::English, kNow);
  EXPECT_THAT(page, HasSubstr("&lt;script&gt;"));
  EXPECT_THAT(page, Not(HasSubstr("<script")));
}

TEST_F(SubjectTest, SomebodyUnknownHasNothing) {
  access(0, "10.20.1.7", "a.example");
  const SubjectFound found = subject("nobody");
  EXPECT_EQ(found.all.accesses, 0U);
  EXPECT_THAT(subject_page(found, Language::English, kNow), HasSubstr("has nothing of this person"));
}

}  // namespace
}  // namespace sluice::control
