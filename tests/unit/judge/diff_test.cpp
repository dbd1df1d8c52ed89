// judge tests: what changes between two policies, and which recorded accesses they decide differently.
#include <gtest/gtest.h>

#include "control/judge/asked.h"
#include "control/judge/diff.h"
#include "control/judge/opened.h"
#include "control/judge/verdict_diff.h"
#include "tests/unit/judge/lab.h"

namespace sluice::control {
namespace {

OpenedPolicy open(const Directory& directory) {
  Diagnostics problems;
  std::string error;
  auto out = open_directory(directory.path(), {}, problems, error);
  EXPECT_TRUE(out) << error;
  return std::move(*out);
}

struct DiffTest : testing::Test {
  Directory before{"before"}, after{"after"};

  /// `section name kind: field+added-removed` for each change.
  std::vector<std::string> changes() const {
    std::vector<std::string> out;
    for (const Change& each : diff_written(*open(before).written, *open(after).written)) {
      std::string text = each.section + " " + each.name + " " + std::string(word_of(each.kind));
      for (const std::string& whom : each.whom) text += " for " + whom;
      if (each.kind == ChangeKind::Changed)
        for (const FieldChange& field : each.fields)
          text += " " + field.field + "+" + std::to_string(field.added_count) + "-" +
                  std::to_string(field.removed_count) + ":" + field.before + ">" + field.after;
      out.push_back(text);
    }
    return out;
  }
  using Texts = std::vector<std::string>;
};

TEST_F(DiffTest, SamePoliciesHaveNone) {
  EXPECT_EQ(changes(), Texts{});
}

TEST_F(DiffTest, RulesComeGoChangeAndMove) {
  after.edit("  - {name: no-bets, to: [words], action: block}\n", "");
  EXPECT_EQ(changes(), Texts{"rules no-bets removed for everyone"});
  after.edit("rules:\n", "rules:\n  - {name: new, from: [finance], to: [x.example], action: allow}\n");
  EXPECT_EQ(changes(), (Texts{"rules no-bets removed for everyone", "rules new added for finance"}));
  after.edit("{name: hq, to: [hq], action: allow}", "{name: hq, to: [hq], action: block}");
  EXPECT_EQ(changes()[2], "rules hq changed for everyone action+0-0:allow>block");
}

TEST_F(DiffTest, RuleThatPassedAnotherIsMoved) {
  after.edit("  - {name: hq, to: [hq], action: allow}\n", "");
  after.edit("rules:\n", "rules:\n  - {name: hq, to: [hq], action: allow}\n");
  EXPECT_EQ(changes(), Texts{"rules hq moved for everyone"});
}

TEST_F(DiffTest, ListFilesAreComparedByEntries) {
  after.write("bad.names", "evil.example\n# another order\n*.deep.example\nworse.example\n");
  EXPECT_EQ(changes(), Texts{});
  after.write("bad.names", "evil.example\nnew.example\n*.deep.example\n");
  EXPECT_EQ(changes(), Texts{"lists bad changed for everyone entries+1-1:>"});
}

TEST_F(DiffTest, NetworksAndSettingsToo) {
  after.edit("default: block}\noffices", "default: observe}\nunidentified: {ech: allow}\noffices");
  EXPECT_EQ(changes(), (Texts{"settings unidentified added",
                              "networks finance changed for finance default+0-0:block>observe"}));
}

TEST_F(DiffTest, AccessesThatWouldBeDecidedOtherwiseAreGrouped) {
  after.edit("to: [clouds], action: block", "to: [clouds, news.example], action: block");
  const OpenedPolicy old_policy = open(before), new_policy = open(after);
  VerdictDiff diff(*old_policy.judge, *new_policy.judge);
  for (const char* from : {"10.20.1.7", "10.20.1.8", "10.20.1.7"}) {
    for (const char* host : {"news.example", "bad.example"}) {
      Asked asked;
      asked.from = from;
      asked.host = host;
      Question question;
      ASSERT_EQ(question_of(asked, *old_policy.judge, question), "");
      RecordedLine line;
      line.question = &question;
      line.count = 2;
      line.first_s = line.last_s = 1000;
      diff.take(line);
    }
  }
  EXPECT_EQ(diff.accesses(), 12u);
  EXPECT_EQ(diff.changed(), 6u);
  ASSERT_EQ(diff.groups().size(), 1u);
  const VerdictGroup& group = *diff.groups()[0];
  EXPECT_EQ(group.name, "news.example");
  EXPECT_EQ(group.network, "staff");
  EXPECT_EQ(group.before.action + " " + group.before.rule, "allowed default");
  EXPECT_EQ(group.after.action + " " + group.after.rule, "blocked no-clouds");
  EXPECT_EQ(group.clients.size(), 2u);
}

}  // namespace
}  // namespace sluice::control
