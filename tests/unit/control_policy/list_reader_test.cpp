// tests: files of names.
#include "control/policy/list_reader.h"

#include <gtest/gtest.h>

#include "control/policy/utf8.h"

namespace sluice::control {
namespace {

struct Read {
  Read(std::string text, ListFormat format) {
    report.add_file("f");
    taken = read_list(text, format, 0, report, [&](std::string_view name, NameScope scope) {
      names.push_back((scope == NameScope::Self    ? "="
                       : scope == NameScope::Below ? "*."
                                                   : "") +
                      std::string(name));
    });
    for (const Diagnostic& diagnostic : report.finish()) problems.push_back(to_string(diagnostic));
  }
  Report report;
  size_t taken = 0;
  std::vector<std::string> names, problems;
};
using Words = std::vector<std::string>;

TEST(NamesFile, TakesOneNameALine) {
  const Read read("\xef\xbb\xbf# head\nA.example\r\n\n  =b.example # why\n*.c.example.\nlast.example",
                  ListFormat::Names);
  EXPECT_EQ(read.names, (Words{"a.example", "=b.example", "*.c.example", "last.example"}));
  EXPECT_EQ(read.problems, Words{});
  EXPECT_EQ(read.taken, 4u);
}

TEST(NamesFile, WrongLinesAreWarningsAtTheirPlace) {
  const Read read("good.example\n  b\xc3\xbc.example\na b\n*\n1.2.3.4\nx..y\n", ListFormat::Names);
  EXPECT_EQ(read.names, (Words{"good.example"}));
  ASSERT_EQ(read.problems.size(), 5u);
  EXPECT_EQ(read.problems[0],
            "f:2:3: warning: 'b\xc3\xbc.example' is not ASCII; the line is left out; write it as A-labels "
            "(xn--...)");
  EXPECT_EQ(
      read.problems[1],
      "f:3:3: warning: more than one word; the line is left out; write one name a line, or format: hosts");
  EXPECT_TRUE(read.problems[4].starts_with("f:6:1: warning: 'x..y' has an empty label"));
}

TEST(NamesFile, ManyWrongLinesAreSummedUp) {
  std::string text = "good.example\n";
  for (size_t i = 0; i < kMaxListWarnings + 7; ++i) text += "a..b\n";
  const Read read(text, ListFormat::Names);
  EXPECT_EQ(read.problems.size(), kMaxListWarnings + 1);
  EXPECT_EQ(read.problems[0], "f: warning: and 7 more lines are left out");
}

TEST(NamesFile, OfAnotherFormatIsAnError) {
  const Read read("0.0.0.0 a.example\n0.0.0.0 b.example\n", ListFormat::Names);
  EXPECT_EQ(read.problems[0], "f: not one line is right; is it a hosts file? then write format: hosts");
  EXPECT_TRUE(read.report.failed());
}

TEST(NamesFile, EmptyIsAWarning) {
  EXPECT_EQ(Read("# nothing\n", ListFormat::Names).problems, (Words{"f: warning: there is no name in it"}));
}

TEST(HostsFile, TakesAllNamesAfterTheAddress) {
  const Read read(
      "127.0.0.1 localhost\n::1\tip6-localhost # x\nfe80::1%lo0 localhost\n0.0.0.0 "
      "A.example\tb.example#c.example\n0.0.0.0 0.0.0.0\n",
      ListFormat::Hosts);
  EXPECT_EQ(read.names, (Words{"a.example", "b.example"}));
  EXPECT_EQ(read.problems, Words{});
}

TEST(HostsFile, LinesWithoutAddressOrNameAreWarnings) {
  const Read read("0.0.0.0 a.example\nb.example\n0.0.0.0\n", ListFormat::Hosts);
  EXPECT_EQ(read.names, (Words{"a.example"}));
  EXPECT_EQ(read.problems, (Words{"f:2:1: warning: 'b.example' is not an address; the line is left out; "
                                  "write 0.0.0.0 example.com, or format: names",
                                  "f:3:1: warning: an address without a name; write 0.0.0.0 example.com"}));
}

/// Names must be canonical and messages printable, whatever the bytes are.
void expect_sound(const Read& read) {
  for (std::string name : read.names) {
    const ParsedName parsed = parse_host_name(name.data(), name.size());
    EXPECT_EQ(parsed.error, NameError::None) << name;
  }
  for (const std::string& problem : read.problems) EXPECT_EQ(problem, printable(problem));
}

TEST(ListFile, CutAndFlippedAnywhereIsSound) {
  const std::string text = "# c\n0.0.0.0 a.example b.example\n=c.example\n*.d.example\r\n\xc3\xbc.example\n";
  for (const ListFormat format : {ListFormat::Names, ListFormat::Hosts}) {
    for (size_t size = 0; size <= text.size(); ++size) expect_sound(Read(text.substr(0, size), format));
    for (size_t at = 0; at < text.size(); ++at) {
      for (int bit = 0; bit < 8; ++bit) {
        std::string flipped = text;
        flipped[at] = static_cast<char>(flipped[at] ^ (1 << bit));
        expect_sound(Read(flipped, format));
      }
    }
  }
}

}  // namespace
}  // namespace sluice::control
