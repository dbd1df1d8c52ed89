// tests: list files that are response policy zones.
#include <gtest/gtest.h>

#include "tests/unit/control_policy/list_taken.h"

namespace sluice::control::test {
namespace {

constexpr const char* kHead =
    "$TTL 300 ; seconds\n"
    "@ IN SOA localhost. root.localhost. (\n"
    "    2026112301 ; serial\n"
    "    1h 15m 30d 2h )\n"
    "  IN NS localhost.\n";

ListTaken zone(const std::string& text) {
  return {kHead + text, ListFormat::Rpz};
}

TEST(RpzFile, TakesNamesAndThoseBelow) {
  const ListTaken read = zone(
      "A.example CNAME .\n*.a.example CNAME .\nb.example 60 IN CNAME *.\n*.c.example IN 60 CNAME rpz-drop.\n"
      "d.example A 192.0.2.1\n          TXT \"see; (why)\" ; here\ne.example CNAME walled.garden.\n"
      "ok.a.example CNAME rpz-passthru.\n*.ok.a.example cname RPZ-PASSTHRU.\nold.example CNAME "
      "old.example.\n");
  EXPECT_EQ(read.entries,
            (Lines{"=a.example", "*.a.example", "=b.example", "*.c.example", "=d.example", "=d.example",
                   "=e.example", "!=ok.a.example", "!*.ok.a.example", "!=old.example"}));
  EXPECT_EQ(read.problems, Lines{});
}

TEST(RpzFile, OwnersAreSeenFromTheZone) {
  const ListTaken read(
      "$ORIGIN Rpz.example.\n@ SOA a. b. 1 2 3 4 5\nfull.example.rpz.EXAMPLE. CNAME .\nrelative.example "
      "CNAME .\n"
      "$ORIGIN sub.example.rpz.example.\nwww CNAME .\n@ CNAME .\nother.example. CNAME .\n",
      ListFormat::Rpz);
  EXPECT_EQ(read.entries, (Lines{"=full.example", "=relative.example", "=www.sub.example", "=sub.example"}));
  EXPECT_EQ(
      read.problems,
      (Lines{"f:8:1: warning: 'other.example.' lies outside of the zone; it is left out; a list takes `name "
             "CNAME .`, `*.name CNAME .` and `32.1.2.0.192.rpz-ip CNAME .`"}));
}

TEST(RpzFile, TheZoneMayBeNamedByItsSoaAlone) {
  const ListTaken read(
      "rpz.example. IN SOA a. b. 1 2 3 4 5\na.example CNAME .\nb.example.rpz.example. CNAME .\n",
      ListFormat::Rpz);
  EXPECT_EQ(read.entries, (Lines{"=a.example", "=b.example"}));
  EXPECT_EQ(read.problems, Lines{});
}

TEST(RpzFile, AddressesOfAnswersArePrefixes) {
  const ListTaken read = zone(
      "32.7.2.0.192.rpz-ip CNAME .\n24.0.113.0.203.rpz-ip CNAME .\n48.zz.bad.db8.2001.rpz-ip CNAME .\n"
      "128.1.zz.db8.2001.rpz-ip CNAME .\n128.1.zz.rpz-ip CNAME .\n128.8.7.6.5.4.3.2.1.rpz-ip CNAME .\n");
  EXPECT_EQ(read.entries, (Lines{"192.0.2.7", "203.0.113.0/24", "2001:db8:bad::/48", "2001:db8::1", "::1",
                                 "1:2:3:4:5:6:7:8"}));
  EXPECT_EQ(read.problems, Lines{});
}

TEST(RpzFile, WhatAListCannotSayIsReported) {
  const ListTaken read = zone(
      "a.example CNAME .\nb.example CNAME .\n32.1.2.0.192.rpz-client-ip CNAME .\nns.example.rpz-nsdname "
      "CNAME .\n"
      "c.example CNAME rpz-tcp-only.\n32.1.2.0.192.rpz-ip CNAME rpz-passthru.\n999.x.rpz-ip CNAME .\n* CNAME "
      ".\n"
      "0.0.0.0.0.rpz-ip CNAME .\n$INCLUDE other\nlonely.example\n");
  EXPECT_EQ(read.entries, (Lines{"=a.example", "=b.example"}));
  EXPECT_FALSE(read.failed);
  const char* const expected[] = {
      "f:8:1: warning: '32.1.2.0.192.rpz-client-ip' is a trigger on who asks or who answers; it is left out",
      "f:9:1: warning: 'ns.example.rpz-nsdname' is a trigger on who asks or who answers",
      "f:10:1: warning: 'c.example' is to be asked for over TCP only",
      "f:11:1: warning: '32.1.2.0.192.rpz-ip' is an address that is to pass",
      "f:12:1: warning: '999.x.rpz-ip' is no reversed prefix",
      "f:13:1: warning: '*' is every name",
      "f:14:1: warning: '0.0.0.0.0.rpz-ip' is every address",
      "f:15:1: warning: '$INCLUDE' is a directive that a list does not follow",
      "f:16:1: warning: 'lonely.example' begins no record of a zone"};
  expect_beginnings(read.problems, expected);
}

TEST(RpzFile, AnOpenParenthesisDoesNotSwallowTheFile) {
  std::string text = "a.example CNAME .\nb.example CNAME ( .\n";
  for (int i = 0; i < 150; ++i) text += "c" + std::to_string(i) + ".example CNAME .\n";
  const ListTaken read = zone(text);
  EXPECT_EQ(read.entries.front(), "=a.example");
  EXPECT_EQ(read.entries.size(), 51u);
  ASSERT_EQ(read.problems.size(), 1u);
  EXPECT_TRUE(
      read.problems[0].starts_with("f:7:1: warning: 'b.example' has a parenthesis that is never closed"));
}

}  // namespace
}  // namespace sluice::control::test
