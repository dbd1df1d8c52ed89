// tests: list files: names, hosts, prefixes, and what holds for every format.
#include "control/policy/lists/list_reader.h"

#include <gtest/gtest.h>

#include "control/policy/utf8.h"
#include "tests/unit/control_policy/list_taken.h"

namespace sluice::control::test {
namespace {

TEST(NamesFile, TakesOneNameALine) {
  const ListTaken read("\xef\xbb\xbf# head\nA.example\r\n\n  =b.example # why\n*.c.example.\nlast.example",
                       ListFormat::Names);
  EXPECT_EQ(read.entries, (Lines{"a.example", "=b.example", "*.c.example", "last.example"}));
  EXPECT_EQ(read.problems, Lines{});
  EXPECT_EQ(read.taken, 4u);
}

TEST(NamesFile, TakesNamesInOtherLettersAndWithStars) {
  const ListTaken read(
      "例え.jp\n*.B\xc3\xbc"
      "cher.example.\n=\xc3\x9f.example\ncdn*.B\xc3\xbc"
      "cher.example\n",
      ListFormat::Names);
  EXPECT_EQ(read.entries, (Lines{"xn--r8jz45g.jp", "*.xn--bcher-kva.example", "=xn--zca.example",
                                 "/(^|\\.)cdn.+\\.xn--bcher-kva\\.example\\z"}));
  EXPECT_EQ(read.problems, Lines{});
}

TEST(NamesFile, WrongLinesAreWarningsAtTheirPlace) {
  const ListTaken read(
      "good.example\n  -b\xc3\xbc.example\na b\n*\n1.2.3.4\nx..y\ngood2.example\n"
      "x.example\ny.example\n",
      ListFormat::Names);
  EXPECT_EQ(read.entries, (Lines{"good.example", "good2.example", "x.example", "y.example"}));
  ASSERT_EQ(read.problems.size(), 5u);
  EXPECT_EQ(
      read.problems[0],
      "f:2:3: warning: '-b\xc3\xbc.example' is no internationalised name (string start/ends with forbidden "
      "hyphen); it is left out; write its A-labels (xn--...)");
  EXPECT_EQ(read.problems[1],
            "f:3:3: warning: 'b' is a second word in its line; it is left out; write one name a line, or "
            "format: hosts");
  EXPECT_TRUE(read.problems[2].starts_with("f:4:1: warning: '*' has stars where none may stand"));
  EXPECT_TRUE(read.problems[4].starts_with("f:6:1: warning: 'x..y' has an empty label"));
}

TEST(NamesFile, ManyWrongLinesAreSummedUpByKind) {
  std::string text = "good.example\n";
  for (size_t i = 0; i < kMaxListWarnings + 7; ++i) text += "a..b\n";
  text += "1.2.3.4\n";
  const ListTaken read(text, ListFormat::Names);
  EXPECT_EQ(read.problems.size(), kMaxListWarnings + 1);
  EXPECT_EQ(read.problems[0],
            "f: warning: 18 entries are left out: 17 x 'has an empty label', "
            "1 x 'is an address or a number, not a name'");
}

TEST(NamesFile, StarsAreBoundedForEachFile) {
  std::string text;
  for (size_t i = 0; i < kMaxListPatterns + 1; ++i) text += "a*" + std::to_string(i) + ".example\n";
  const ListTaken read(text, ListFormat::Names);
  EXPECT_EQ(read.taken, kMaxListPatterns);
  ASSERT_EQ(read.problems.size(), 1u);
  EXPECT_TRUE(read.problems[0].starts_with("f:1001:1: warning: 'a*1000.example' has stars within, after"));
}

TEST(HostsFile, TakesAllNamesAfterTheAddress) {
  const ListTaken read(
      "127.0.0.1 localhost\n::1\tip6-localhost # x\nfe80::1%lo0 localhost\n0.0.0.0 "
      "A.example\tb.example#c.example\n0.0.0.0 0.0.0.0\n",
      ListFormat::Hosts);
  EXPECT_EQ(read.entries, (Lines{"a.example", "b.example"}));
  EXPECT_EQ(read.problems, Lines{});
}

TEST(HostsFile, LinesWithoutAddressOrNameAreWarnings) {
  const ListTaken read("0.0.0.0 a.example\n0.0.0.0 a.example\nb.example\n0.0.0.0\n", ListFormat::Hosts);
  EXPECT_EQ(read.entries, (Lines{"a.example", "a.example"}));
  EXPECT_EQ(read.problems, (Lines{"f:3:1: warning: 'b.example' is not an address; it is left out; "
                                  "write 0.0.0.0 example.com, or format: names",
                                  "f:4:1: warning: '0.0.0.0' is an address without a name; it is left out; "
                                  "write 0.0.0.0 example.com"}));
}

TEST(PrefixesFile, TakesPrefixesAddressesAndRanges) {
  const ListTaken read(
      "# head\n192.0.2.0/24\n198.51.100.7 ; SBL1\n2001:db8::/32 # x\n10.0.0.1-10.0.0.6\r\n"
      "2001:db8::fffe - 2001:db8::1:1\n",
      ListFormat::Prefixes);
  EXPECT_EQ(read.entries, (Lines{"192.0.2.0/24", "198.51.100.7", "2001:db8::/32", "10.0.0.1", "10.0.0.2/31",
                                 "10.0.0.4/31", "10.0.0.6", "2001:db8::fffe/127", "2001:db8::1:0/127"}));
  EXPECT_EQ(read.problems, Lines{});
}

TEST(PrefixesFile, RangesReachTheEndsOfTheirSpace) {
  EXPECT_EQ(ListTaken("128.0.0.0-255.255.255.255", ListFormat::Prefixes).entries, (Lines{"128.0.0.0/1"}));
  EXPECT_EQ(ListTaken("0.0.0.0-127.255.255.255", ListFormat::Prefixes).entries, (Lines{"0.0.0.0/1"}));
  EXPECT_EQ(ListTaken("8000::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", ListFormat::Prefixes).entries,
            (Lines{"8000::/1"}));
}

TEST(PrefixesFile, WhatIsNoPrefixIsReported) {
  const ListTaken read(
      "10.1.2.3/8\n10.0.0.0/33\na.example\n0.0.0.0/0\n::/0\n0.0.0.0-255.255.255.255\n10.0.0.2-10.0.0.1\n"
      "10.0.0.1-::1\n::ffff:10.0.0.1/128\n10.0.0.0/8 x\n",
      ListFormat::Prefixes);
  EXPECT_EQ(read.entries, (Lines{"10.0.0.0/8"}));
  const char* const expected[] = {
      "f:1:1: warning: '10.1.2.3/8' has host bits set; it is read as 10.0.0.0/8",
      "f:2:1: warning: '10.0.0.0/33' has no valid length; it is left out",
      "f:3:1: warning: 'a.example' is not a prefix; it is left out",
      "f:4:1: warning: '0.0.0.0/0' is every address; it is left out",
      "f:5:1: warning: '::/0' is every address; it is left out",
      "f:6:1: warning: '0.0.0.0-255.255.255.255' is every address; it is left out",
      "f:7:1: warning: '10.0.0.2-10.0.0.1' ends before it begins; it is left out",
      "f:8:1: warning: '10.0.0.1-::1' begins and ends in different families; it is left out",
      "f:9:1: warning: '::ffff:10.0.0.1/128' is IPv4 written as IPv6; it is left out",
      "f:10:12: warning: 'x' is a second word in its line; it is left out"};
  expect_beginnings(read.problems, expected);
}

TEST(PrefixesFile, TooManyAreAnError) {
  std::string text;
  // Each of these ranges takes 250 prefixes.
  for (int i = 0; i < 9000; ++i) text += "2001:db8::1-bfff:ffff:ffff:ffff:ffff:ffff:ffff:fffe\n";
  const ListTaken read(text, ListFormat::Prefixes);
  EXPECT_EQ(read.taken, kMaxListPrefixes);
  EXPECT_EQ(read.problems, (Lines{"f: it has more than 2097152 prefixes; put neighbours together"}));
}

TEST(ListFile, OfAnotherFormatIsAnErrorThatNamesIt) {
  const struct {
    ListFormat said;
    const char* text;
    const char* likely;
  } cases[] = {
      {ListFormat::Names, "0.0.0.0 a.example\n0.0.0.0 b.example\n", "hosts"},
      {ListFormat::Hosts, "# x\na.example\nb.example\n", "names"},
      {ListFormat::Names, "||a.example^\n||b.example^\n", "adblock"},
      {ListFormat::Names, "address=/a.example/\n", "dnsmasq"},
      {ListFormat::Names, "192.0.2.0/24\n10.0.0.1-10.0.0.9\n", "prefixes"},
      {ListFormat::Prefixes, "a.example\nb.example\n", "names"},
      {ListFormat::Names, "$TTL 60\na.example CNAME .\nb.example CNAME .\n", "rpz"},
      {ListFormat::Rpz, "0.0.0.0 a.example\n", "hosts"},
      {ListFormat::Hosts, "[{\"id\": 1}]", "microsoft365"},
      {ListFormat::Dnsmasq, "! x\n||a.example^\n", "adblock"},
  };
  for (const auto& one : cases) {
    const ListTaken read(one.text, one.said);
    EXPECT_TRUE(read.failed) << one.text;
    EXPECT_EQ(read.problems.at(0), std::string("f: not one line is right; it looks like ") + one.likely +
                                       ": write format: " + one.likely);
  }
}

TEST(ListFile, MostlyOfAnotherFormatIsAnError) {
  const ListTaken read("a.example\n0.0.0.0 b.example\n0.0.0.0 c.example\n", ListFormat::Names);
  EXPECT_TRUE(read.failed);
  EXPECT_EQ(read.problems.at(0),
            "f: most of it cannot be understood; it looks like hosts: write format: hosts");
  // Most of it is wrong, but it is what it is said to be.
  EXPECT_FALSE(ListTaken("a.example\na..b\nc..d\n", ListFormat::Names).failed);
}

TEST(ListFile, ThatIsNoTextSaysWhatItIs) {
  const std::pair<std::string, const char*> cases[] = {
      {std::string("\xff\xfe"
                   "a\0",
                   4),
       "f: it is UTF-16; save the list as plain text in UTF-8"},
      {std::string("a\0b\0.\0", 6),
       "f: it is UTF-16 or UTF-32, or no text; save the list as plain text in UTF-8"},
      {std::string("a.example\nb\0c\n", 14),
       "f: it is no text: it has zero bytes; save the list as plain text in UTF-8"},
      {"\x1f\x8b\x08", "f: it is compressed by gzip; save the list as plain text in UTF-8"},
      {" <!DOCTYPE html>\n<a>", "f: it is a web page; save the list as plain text in UTF-8"},
  };
  for (const auto& [text, problem] : cases) {
    const ListTaken read(text, ListFormat::Names);
    EXPECT_EQ(read.problems, (Lines{problem}));
    EXPECT_TRUE(read.failed);
  }
}

TEST(ListFile, EmptyIsAWarning) {
  EXPECT_EQ(ListTaken("# nothing\n", ListFormat::Names).problems,
            (Lines{"f: warning: there is nothing in it"}));
}

/// Names must be canonical and messages printable, whatever the bytes are.
void expect_sound(const ListTaken& read) {
  for (const std::string& problem : read.problems) EXPECT_EQ(problem, printable(problem));
  for (const std::string& entry : read.entries) EXPECT_EQ(entry, printable(entry));
}

TEST(ListFile, CutAndFlippedAnywhereIsSound) {
  const std::string text =
      "# c\n0.0.0.0 a.example "
      "b.example\n=c.example\n*.d.example\r\n\xc3\xbc.example\n||e.example^$important\n"
      "@@||f*.example^\naddress=/g.example/h.example/#\n192.0.2.0/24\n1.2.3.4-1.2.3.9\n"
      "$ORIGIN z.\n@ SOA ( 1\n2 ) \"x\"\n*.i.example.z. CNAME .\n32.1.2.0.192.rpz-ip CNAME .\n"
      "[{\"urls\": [\"*.j.example\"], \"ips\": [\"10.0.0.0/8\"], \"tcpPorts\": \"80,443\"}]\n";
  for (size_t format = 0; format < std::size(kListFormatWords); ++format) {
    const auto as = static_cast<ListFormat>(format);
    for (size_t size = 0; size <= text.size(); ++size) expect_sound(ListTaken(text.substr(0, size), as));
    for (size_t at = 0; at < text.size(); ++at) {
      for (int bit = 0; bit < 8; ++bit) {
        std::string flipped = text;
        flipped[at] = static_cast<char>(flipped[at] ^ (1 << bit));
        expect_sound(ListTaken(flipped, as));
      }
    }
  }
}

}  // namespace
}  // namespace sluice::control::test
