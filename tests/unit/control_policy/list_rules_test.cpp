// tests: list files of rules: adblock and dnsmasq.
#include <gtest/gtest.h>

#include "tests/unit/control_policy/list_taken.h"

namespace sluice::control::test {
namespace {

TEST(AdblockFile, TakesWhatSpeaksOfHosts) {
  const ListTaken read(
      "[Adblock Plus 2.0]\n! Title: a sample\n# as hosts files have "
      "it\n\n||Ads.example^\n||*.below.example^\r\n"
      "|only.example^\n||open.example\nplain.example\n*.star.example\n||ad*.example^\n||b\xc3\xbc.example^\n"
      "@@||fine.example^\n@@|www.fine2.example^|\n0.0.0.0 host.example two.example # x\n127.0.0.1 localhost\n"
      "||end.example^|\n||imp.example^$important\n||all.example^$all,doc\n",
      ListFormat::Adblock);
  EXPECT_EQ(read.entries, (Lines{"ads.example", "*.below.example", "=only.example", "open.example",
                                 "plain.example", "*.star.example", "/(^|\\.)ad.+\\.example\\z",
                                 "xn--b-eha.example", "!fine.example", "!=www.fine2.example", "host.example",
                                 "two.example", "end.example", "imp.example", "all.example"}));
  EXPECT_EQ(read.problems, Lines{});
}

TEST(AdblockFile, WhatANameCannotSayIsReported) {
  const ListTaken read(
      "||a.example^\n||a.example^$dnstype=AAAA\n||b.example/path^\n/^ad[0-9]+/\n||ads.\n&banner=\n"
      "||c.example^$third-party,important\n||d.example:8080^\n@@||e*.example^\n||f.example^$badfilter\n"
      "h.example^\n||1.2.3.4^\n",
      ListFormat::Adblock);
  EXPECT_EQ(read.entries, (Lines{"a.example"}));
  const char* const expected[] = {
      "f:2:1: warning: '||a.example^$dnstype=AAAA' has an option that a name cannot say (dnstype=AAAA); it "
      "is "
      "left out; a list takes ||example.com^, ||*.example.com^ and @@||example.com^",
      "f:3:1: warning: '||b.example/path^' speaks of more than a host; it is left out",
      "f:4:1: warning: '/^ad[0-9]+/' is a regular expression; it is left out; write it under `patterns`",
      "f:5:1: warning: '||ads.' speaks of more than a host",
      "f:6:1: warning: '&banner=' speaks of more than a host",
      ("f:7:1: warning: '||c.example^$third-party,important' has an option that a name cannot say "
       "(third-party)"),
      "f:8:1: warning: '||d.example:8080^' speaks of more than a host",
      "f:9:5: warning: 'e*.example' is an exception with stars within; it is left out",
      "f:10:1: warning: '||f.example^$badfilter' has an option",
      "f:11:1: warning: 'h.example^' speaks of more than a host"};
  ASSERT_FALSE(read.problems.empty());
  EXPECT_TRUE(read.problems[0].starts_with("f: warning: 11 entries are left out: 3 x 'has an option"));
  expect_beginnings(std::span(read.problems).subspan(1), expected);
}

TEST(AdblockFile, CosmeticRulesArePassedOverAndCounted) {
  const ListTaken read(
      "a.example##.ad\n##.banner\nb.example#@#.ad\nc.example#?#div\nd.example$$script\n||e.example^\n",
      ListFormat::Adblock);
  EXPECT_EQ(read.entries, (Lines{"e.example"}));
  EXPECT_EQ(read.problems, (Lines{"f: warning: passed over: 5 x 'a rule about a page's elements'"}));
}

TEST(DnsmasqFile, TakesTheDomainsOfItsOptions) {
  const ListTaken read(
      "# head\naddress=/A.example/b.example/0.0.0.0\naddress=/c.example/#\naddress=/d.example/\r\n"
      "server=/e.example/192.0.2.1#53 # why\nlocal=/.f.example/\nipset=/g.example/h.example/set,set2\n"
      "nftset=/i.example/4#inet#t#s\naddress = /*.j.example/\nserver=/ok.a.example/#\n",
      ListFormat::Dnsmasq);
  EXPECT_EQ(read.entries, (Lines{"a.example", "b.example", "c.example", "d.example", "e.example", "f.example",
                                 "g.example", "h.example", "i.example", "*.j.example", "!ok.a.example"}));
  EXPECT_EQ(read.problems, Lines{});
}

TEST(DnsmasqFile, OtherOptionsAreReported) {
  const ListTaken read(
      "address=/a.example/\ndomain-needed\nconf-file=/etc/x\naddress=/#/1.2.3.4\naddress=1.2.3.4\nlocal=//\n"
      "address=/x..y/\nserver=/\n",
      ListFormat::Dnsmasq);
  EXPECT_EQ(read.entries, (Lines{"a.example"}));
  const char* const expected[] = {
      ("f:2:1: warning: 'domain-needed' is an option that names no domains; it is left out; a list takes "
       "address=/example.com/, server=, local=, ipset= and nftset="),
      "f:3:1: warning: 'conf-file=/etc/x' is an option that names no domains",
      "f:4:10: warning: '#' is every name; it is left out",
      "f:5:1: warning: 'address=1.2.3.4' has no domain between slashes",
      "f:6:8: warning: '' is empty; it is left out",
      "f:7:10: warning: 'x..y' has an empty label; it is left out",
      "f:8:1: warning: 'server=/' has no domain between slashes"};
  expect_beginnings(read.problems, expected);
}

}  // namespace
}  // namespace sluice::control::test
