// tests: what lists become: the names that a compiled policy says they cover.
#include <gtest/gtest.h>

#include "tests/unit/control_policy/judged.h"

namespace sluice::control::test {
namespace {

const std::string kOne = "rules: [{name: r, to: [a], action: block}]\n";

TEST(ListFiles, OneThatIsNoListRefusesThePolicy) {
  const std::string policy = "lists: {a: {files: [a.txt]}}\n" + kOne;
  EXPECT_TRUE(compile({{"base", std::string(kBase)}, {"t", policy}}, {{"dir/a.txt", "a.example\n"}}).policy);
  for (const std::string& text : {std::string("a.example\0", 10), std::string("127.0.0.1 a.example\n")})
    EXPECT_FALSE(compile({{"base", std::string(kBase)}, {"t", policy}}, {{"dir/a.txt", text}}).policy)
        << text;
}

TEST(ListExceptions, TakeANameAndWhatIsBelowOutOfTheirListAlone) {
  Judged judged(
      "lists:\n"
      "  a: {files: [a.txt], format: adblock}\n"
      "  b: {names: [deep.ok.example]}\n"
      "rules: [{name: r, to: [a], action: block}, {name: s, to: [b], action: block}]\n",
      {{"dir/a.txt",
        "||example^\n||bad.ok.example^\n@@||ok.example^\n@@|only.example^\n@@||*.below.example^\n"
        "||deep.ok.example^\n||x.only.example^\n"}});
  EXPECT_EQ(judged.problems, std::vector<std::string>{});
  EXPECT_EQ(judged.of("www.example"), "r a");
  for (const char* name : {"ok.example", "www.ok.example", "bad.ok.example", "x.bad.ok.example"})
    EXPECT_EQ(judged.of(name), "-") << name;
  EXPECT_EQ(judged.of("only.example"), "-");
  EXPECT_EQ(judged.of("y.only.example"), "r a");
  EXPECT_EQ(judged.of("x.only.example"), "r a");
  EXPECT_EQ(judged.of("below.example"), "r a");
  EXPECT_EQ(judged.of("y.below.example"), "-");
  // The other list still has it.
  EXPECT_EQ(judged.of("deep.ok.example"), "s b");
}

TEST(ListExceptions, HoldForTheWholeList) {
  Judged judged(
      "lists: {a: {names: [bad.example, www.bad.example], files: [a.txt], format: adblock}}\n" + kOne,
      {{"dir/a.txt", "@@||www.bad.example^\n"}});
  EXPECT_EQ(judged.of("bad.example"), "r a");
  EXPECT_EQ(judged.of("www.bad.example"), "-");
}

TEST(NamesWithStars, MatchWholeNamesAndWhatIsBelow) {
  Judged judged(
      "lists: {a: {names: ['cdn*.a.example', '=one*.b.example', '*.two*.c.example', '*end.d.example', "
      "'auto.*.e.example']}}\n" +
      kOne);
  EXPECT_EQ(judged.problems, std::vector<std::string>{});
  const char* const covered[] = {"cdn1.a.example",    "www.cdn-x.a.example", "cdn.x.a.example",
                                 "one1.b.example",    "x.two1.c.example",    "bookend.d.example",
                                 "x.y.end.d.example", "auto.x.y.e.example",  "z.auto.x.e.example"};
  for (const char* name : covered) EXPECT_EQ(judged.of(name), "r a") << name;
  const char* const others[] = {
      "cdn.a.example",  "xcdn1.a.example", "cdn1.a.example.org", "cdn1.aexample",   "x.one1.b.example",
      "two1.c.example", "end.d.example",   "auto..e.example",    "autox.e.example", "cdn1xa.example"};
  for (const char* name : others) EXPECT_EQ(judged.of(name), "-") << name;
}

TEST(NamesWithStars, StandInRulesAndFilesToo) {
  Judged judged(
      "lists: {a: {files: [a.names]}}\n"
      "rules: [{name: r, to: [a], action: block}, {name: s, to: ['b*.example', '=c*.example'], action: "
      "block}]\n",
      {{"dir/a.names", "a*.example\n"}});
  EXPECT_EQ(judged.problems, std::vector<std::string>{});
  EXPECT_EQ(judged.of("a1.example"), "r a");
  EXPECT_EQ(judged.of("b1.example"), "s b*.example");
  EXPECT_EQ(judged.of("c1.example"), "s =c*.example");
  EXPECT_EQ(judged.of("x.c1.example"), "-");
}

TEST(InternationalNames, StandEverywhereAsTheyAreWritten) {
  Judged judged(
      "lists: {a: {names: [\xe4\xbe\x8b\xe3\x81\x88.jp, '*.B\xc3\x9c"
      "CHER.example.']}}\n"
      "rules: [{name: r, to: [a], action: block}, {name: s, to: ['=stra\xc3\x9f"
      "e.example'], action: block}]\n");
  EXPECT_EQ(judged.problems, std::vector<std::string>{});
  EXPECT_EQ(judged.of("www.xn--r8jz45g.jp"), "r a");
  EXPECT_EQ(judged.of("xn--bcher-kva.example"), "-");
  EXPECT_EQ(judged.of("www.xn--bcher-kva.example"), "r a");
  EXPECT_EQ(judged.of("xn--strae-oqa.example"),
            "s =stra\xc3\x9f"
            "e.example");
}

TEST(InternationalNames, ThatStandForNothingAreTakenWithAWarning) {
  Judged judged("lists: {a: {names: [xn--zzzzzz99.example]}}\n" + kOne);
  EXPECT_EQ(
      judged.problems,
      (std::vector<std::string>{
          "t:1:21: warning: the name 'xn--zzzzzz99.example' has an A-label that stands for nothing (string "
          "contains invalid punycode data); it is taken as it is written"}));
  EXPECT_EQ(judged.of("xn--zzzzzz99.example"), "r a");
}

TEST(PrefixFiles, DecideByTheAddress) {
  Judged judged("lists: {a: {files: [a.txt], format: prefixes}}\n" + kOne,
                {{"dir/a.txt", "203.0.113.0/25\n203.0.113.250-203.0.113.251\n2001:db8:bad::/48\n"}});
  EXPECT_EQ(judged.problems, std::vector<std::string>{});
  EXPECT_EQ(judged.of("", "203.0.113.7"), "r a");
  EXPECT_EQ(judged.of("", "203.0.113.251"), "r a");
  EXPECT_EQ(judged.of("", "203.0.113.252"), "-");
}

}  // namespace
}  // namespace sluice::control::test
