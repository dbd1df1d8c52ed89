// lines tests: what is told of the register, and when people are warned.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "control/lines/lines_json.h"
#include "control/lines/term_watch.h"

namespace sluice::control {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
constexpr int64_t kEnds = 1'800'000'000;

LineTerm ending(const char* name, bool refused = false) {
  return {name, 200'000'000, kEnds, refused};
}

TEST(DaysLeft, TheLastDayHasNoneLeftAndTheNextIsOver) {
  const LineTerm term = ending("l");
  EXPECT_EQ(days_left(term, kEnds - kDayS - 1), 1);
  EXPECT_EQ(days_left(term, kEnds - kDayS), 0);
  EXPECT_EQ(days_left(term, kEnds - 1), 0);
  EXPECT_EQ(days_left(term, kEnds), -1);
  EXPECT_EQ(days_left(term, kEnds + kDayS - 1), -1);
  EXPECT_EQ(days_left(term, kEnds + kDayS), -2);
}

TEST(TermWatch, WarnsDailyFromSixtyDaysOn) {
  TermWatch watch;
  const PolicyTerms terms{{ending("l"), {"without", 0, 0, false}}, {}};
  EXPECT_TRUE(watch.due(terms, kEnds - 61 * kDayS).empty());
  EXPECT_THAT(watch.due(terms, kEnds - 60 * kDayS), ElementsAre(HasSubstr("in 59 days")));
  EXPECT_TRUE(watch.due(terms, kEnds - 59 * kDayS - 1).empty()) << "not a day later yet";
  EXPECT_THAT(watch.due(terms, kEnds - 59 * kDayS), ElementsAre(HasSubstr("in 58 days")));
  EXPECT_THAT(watch.due(terms, kEnds - 1), ElementsAre(HasSubstr("today is its last day")));
  EXPECT_THAT(watch.due(terms, kEnds + kDayS), ElementsAre(HasSubstr("only warns")));
}

TEST(TermWatch, WarnsAtOnceOfOtherTermsAndOfAClockSetBack) {
  TermWatch watch;
  EXPECT_EQ(watch.due({{ending("l")}, {}}, kEnds).size(), 1u);
  EXPECT_THAT(watch.due({{ending("l", true)}, {}}, kEnds + 1), ElementsAre(HasSubstr("refused since")));
  EXPECT_EQ(watch.due({{ending("l", true)}, {}}, kEnds - 10 * kDayS).size(), 1u);
}

PolicyRegister some_register() {
  PolicyRegister out{{"Example", "91350100M000100Y43", "Li Wei", "ext. 7"}, "Asia/Shanghai", 4, 2, {}};
  out.lines.push_back({"l",
                       "o",
                       "li",
                       "c",
                       "f",
                       "internal-office",
                       "2026-01-01",
                       "2026-12-31",
                       {"192.0.2.1"},
                       {"staff"},
                       {{"papers/c.pdf", std::string(64, 'a'), 7}}});
  out.lines.push_back({.name = "m"});
  return out;
}

TEST(LinesRegister, HasTermPapersAndStateOfEachLine) {
  json out =
      lines_register(some_register(), {{ending("l", true), {"m", 0, 0, false}}, {}}, kEnds - 2 * kDayS);
  add_line_states(out, {{"lines", {{{"name", "l"}, {"verdict", "ok"}, {"line_link", "up"}}, 7}}});
  EXPECT_EQ(out["company"]["registration"], "91350100M000100Y43");
  const json& line = out["lines"][0];
  EXPECT_EQ(line["days_left"], 1);
  EXPECT_EQ(line["over"], false);
  EXPECT_EQ(line["on_expiry"], "block");
  EXPECT_EQ(line["bandwidth_bits_per_second"], 200'000'000);
  EXPECT_EQ(line["networks"], json::array({"staff"}));
  EXPECT_EQ(line["papers"][0]["sha256"], std::string(64, 'a'));
  EXPECT_EQ(line["verdict"], "ok");
  EXPECT_EQ(out["lines"][1]["days_left"], nullptr);
  EXPECT_EQ(out["lines"][1]["verdict"], nullptr);
}

TEST(LinesRegister, SurvivesTheWayAndNothingElseDoes) {
  const json told = register_json(some_register());
  EXPECT_EQ(register_from(told), some_register());
  for (const char* path :
       {"/company", "/company/name", "/timezone", "/networks", "/lines", "/lines/0/papers/0/sha256",
        "/lines/0/papers/0/bytes", "/lines/0/link/0", "/lines/1"}) {
    json broken = told;
    broken[json::json_pointer(path)] = -1;
    EXPECT_EQ(register_from(broken), std::nullopt) << path;
  }
}

TEST(Ending, OfALineFromSixtyDaysOn) {
  const PolicyTerms terms{{ending("l")}, {{"audit", "o", "t", kEnds}}};
  EXPECT_EQ(ending_json(terms, kEnds - 61 * kDayS).size(), 0u);
  EXPECT_EQ(ending_json(terms, kEnds - 60 * kDayS).size(), 1u);
  EXPECT_EQ(ending_json(terms, kEnds - 30 * kDayS).size(), 2u);
}

}  // namespace
}  // namespace sluice::control
