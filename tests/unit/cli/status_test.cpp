// cli tests: what status begins with, and rows on a narrow terminal.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "control/cli/rows.h"
#include "control/cli/status_lines.h"

namespace sluice::control {
namespace {

using nlohmann::json;

TEST(Rows, BreakBehindTheirLabel) {
  const std::string row = "policy       one two three four\n";
  EXPECT_EQ(fitted_rows(row, 0), row);
  EXPECT_EQ(fitted_rows(row, 22),
            "policy       one two\n"
            "             three\n"
            "             four\n");
  EXPECT_EQ(fitted_rows("a\n\nb", 40), "a\n\nb");
}

TEST(Rows, ColoursTakeNoColumn) {
  EXPECT_EQ(fitted_rows("label        \x1b[31mred\x1b[0m and\n", 20),
            "label        \x1b[31mred\x1b[0m and\n");
  EXPECT_EQ(fitted_rows("label        \x1b[31mred\x1b[0m and\n", 19),
            "label        \x1b[31mred\x1b[0m\n             and\n");
}

TEST(Rows, LongWordStaysWhole) {
  EXPECT_EQ(fitted_rows("label        /a/very/long/path x", 20),
            "label        /a/very/long/path\n             x");
}

TEST(StatusLines, VerdictComesFirstThenFigures) {
  const json syns{{"unanswered_share", 0.88}, {"p50_ms", 24.0}, {"p99_ms", 80.0}, {"repeated", 3}};
  const json window{{"seconds", 60.0},
                    {"to_line_bits_per_second", 1e6},
                    {"from_line_bits_per_second", 3.1e6},
                    {"line_handshakes", syns},
                    {"lan_handshakes", {{"p50_ms", 0.4}, {"p99_ms", 2.0}, {"repeated", 0}}},
                    {"dns", {{"unanswered_share", nullptr}, {"p50_ms", nullptr}, {"repeated", 0}}},
                    {"hellos_repeated", 1},
                    {"flows_ended", 30},
                    {"one_way_flows", 4}};
  const json us{{"verdict", "line"},
                {"lines",
                 {{{"name", "iplc-sg"},
                   {"verdict", "line"},
                   {"why", "22 of 25 new connections had no answer"},
                   {"lan_link", "up"},
                   {"line_link", "down"},
                   {"bandwidth_bits_per_second", 200'000'000},
                   {"last_minute", window},
                   {"last_five_minutes", {{"seconds", 300.0}}}}}},
                {"gateway", {{"last_five_minutes", {{"seconds", 300.0}, {"drops", {{"tx-full", 1200}}}}}}}};
  std::ostringstream out;
  show_lines(out, json::parse(us.dump()));  // as it comes from a daemon
  EXPECT_EQ(
      out.str(),
      "iplc-sg      line: 22 of 25 new connections had no answer\n"
      "             line link down; in 60 s: load 3.1 of 200 Mbit/s, SYNs 88% unanswered, line 24/80 ms, "
      "LAN 0.4/2.0 ms, 4 sent again, 4 of 30 flows one-way\n"
      "             in 300 s: load 0.00 of 200 Mbit/s\n"
      "own drops    tx-full 1,200 in 300 s\n");
}

TEST(StatusLines, OddAnswersDoNoHarm) {
  for (const char* text : {"{}", R"({"lines": 7, "verdict": 3})",
                           R"({"lines": [1, {}, {"last_minute": []}]})", R"({"lines": [], "why": "so"})",
                           R"({"lines": [{}], "gateway": {"last_five_minutes": {"drops": {"a": "b"}}}})"}) {
    std::ostringstream out;
    show_lines(out, json::parse(text));
    EXPECT_FALSE(out.str().empty()) << text;
  }
  std::ostringstream out;
  show_ending(out, json::parse(R"([1, {}, {"name": 7}])"));
}

TEST(StatusLines, AlarmsSayWhomTheyAreAboutAndWhatIsOverdue) {
  std::ostringstream out;
  const json alarms{{"rules", {{{"name", "many"}}, {{"name", "quiet"}}}},
                    {"open",
                     {{{"alarm", "many"},
                       {"subject", "li.wei\x1b[2J"},
                       {"network", "staff"},
                       {"count", 1234},
                       {"since", "2026-11-23T04:05:06Z"}}}},
                    {"not_named", 7},
                    {"sinks",
                     {{{"by", "webhook"}, {"waiting", 0}, {"error", ""}},
                      {{"by", "mail"},
                       {"waiting", 2},
                       {"waiting_since", "2026-11-23T04:05:07Z"},
                       {"error", "the server answers 503"}}}},
                    {"error", ""}};
  show_alarms(out, json::parse(alarms.dump()));  // as it comes from a daemon
  EXPECT_EQ(out.str(),
            "alarms       2 alarms, 1 open\n"
            "             many: li.wei?[2J of staff, 1,234 since 2026-11-23T04:05:06Z\n"
            "             7 counted only, as too many are open\n"
            "             overdue: 2 notices by mail since 2026-11-23T04:05:07Z: the server answers 503\n");
  std::ostringstream none;
  show_alarms(none, json::object());
  EXPECT_EQ(none.str(), "");
  show_alarms(none, json::parse(R"({"rules": 7, "open": {"a": 1}, "sinks": [1, {}], "error": []})"));
}

TEST(StatusLines, EndingSaysWhoseAndWhen) {
  std::ostringstream out;
  show_ending(out, {{{"kind", "exception"},
                     {"name", "audit"},
                     {"owner", "li.wei"},
                     {"ticket", "IT-1"},
                     {"ends", "2026-12-01"},
                     {"ended", false}},
                    {{"kind", "line"},
                     {"name", "iplc-sg"},
                     {"ends", "2026-11-01"},
                     {"ended", true},
                     {"refused_after", true}}});
  EXPECT_EQ(out.str(),
            "ending       the exception audit of li.wei (IT-1) ends 2026-12-01\n"
            "ending       the term of the line iplc-sg ended 2026-11-01, and it is refused\n");
}

}  // namespace
}  // namespace sluice::control
