// cli tests: what `why` proposes is a policy, and what is shown fits.
#include <gmock/gmock.h>

#include <sstream>

#include "control/cli/exception_text.h"
#include "control/cli/table.h"
#include "control/policy/policy_compiler.h"
#include "control/policy/utf8.h"

namespace sluice::control {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

constexpr std::chrono::sys_seconds kAsked{std::chrono::seconds(1'795'406'706)};  // 2026-11-23T04:05:06Z
constexpr const char* kPolicy = R"(site: x
lines:
  l: {operator: Example Telecom, licence: A1, contract: C1, filing: F1, purpose: internal-office, bandwidth: 1M,
      link: [192.0.2.1, 192.0.2.2], valid: {from: 2026-01-01, until: 2039-12-31}, on-expiry: warn}
networks: {staff: {prefixes: [10.20.0.0/16, "fd12::/16"], line: l, default: block}}
)";

BlockedGroup group_of(const std::string& asked, std::set<std::string> clients, const std::string& reason) {
  return {.asked = asked, .reason = reason, .clients = std::move(clients)};
}

Diagnostics problems_with(const std::string& exception) {
  const SourceText texts[] = {{"a.yaml", kPolicy}, {"b.yaml", exception}};
  return compile_texts(texts, "p", [](const std::string&, std::string&, std::string&) { return false; }, 1,
                       {.now = kAsked})
      .diagnostics;
}

TEST(AsksException, WhatIsProposedIsValid) {
  for (const BlockedGroup& group :
       {group_of("cdn.vendor.example", {"10.20.1.7"}, "default"),
        group_of("198.51.100.9", {"10.20.1.7"}, "no-name"),
        group_of("2001:db8::9", {"fd12::1", "fd12::2"}, "no-name"),
        group_of("printer", {"10.20.1.7"}, "default"), group_of("true", {"10.20.1.7"}, "default"),
        group_of("_a.b_c.example", {"10.20.1.7"}, "rule")}) {
    const Diagnostics problems = problems_with(exception_text(group, kAsked));
    EXPECT_TRUE(problems.empty()) << exception_text(group, kAsked) << to_string(problems.front());
  }
}

TEST(AsksException, ItHoldsForTwoWeeks) {
  EXPECT_THAT(exception_text(group_of("a.example", {"10.20.1.7"}, "default"), kAsked),
              HasSubstr("expires: 2026-12-07\n"));
}

TEST(AsksException, WhereNoneHelpsItSaysWhatDoes) {
  EXPECT_THAT(instead_of_exception(group_of("a.example", {}, "unregistered-source")),
              HasSubstr("`networks`"));
  EXPECT_EQ(instead_of_exception(group_of("a.example", {}, "default")), "");
}

TEST(AsksException, TheReasonIsInWords) {
  BlockedGroup group = group_of("a.example", {}, "default");
  group.network = "finance";
  EXPECT_EQ(because_text(group),
            "default: no rule matched; the network's default decided, for network finance");
  group.rule = "no-malware";
  group.list = "malware";
  EXPECT_EQ(because_text(group), "rule no-malware blocks what is in malware, for network finance");
}

TEST(AsksTable, ItFitsByLeavingOutColumnsThenByShorteningTheLast) {
  const std::vector<TableColumn> columns{{"accesses"}, {"blocked", 1}, {"up", 2}, {"name"}};
  const std::vector<std::vector<std::string>> rows{
      {"1,234,567", "12", "12 MB", "a-very-long-name-of-some-host.example.com"}};
  EXPECT_THAT(table_text(columns, rows, kNoWidth),
              HasSubstr("12 MB  a-very-long-name-of-some-host.example.com\n"));
  for (const size_t width : {80U, 60U, 40U, 34U, 28U}) {
    std::istringstream lines(table_text(columns, rows, width));
    for (std::string line; std::getline(lines, line);) {
      EXPECT_LE(width_of(line), width) << line;
    }
  }
  EXPECT_THAT(table_text(columns, rows, 40), Not(HasSubstr("12 MB")));
}

TEST(AsksTable, TextsAreShortenedInTheirMiddle) {
  EXPECT_EQ(shortened("abcdefghij", 10), "abcdefghij");
  EXPECT_EQ(shortened("abcdefghijk", 10), "abc…fghijk");
  EXPECT_EQ(width_of(shortened("禁止禁止禁止禁止", 7)), 7U);
  EXPECT_EQ(shortened("abc", 1), "…");
}

TEST(AsksTable, TextsAreWrappedAtBlanks) {
  EXPECT_EQ(wrapped("one two three", 8, 0), "one two\nthree");
  EXPECT_EQ(wrapped("one two three", 8, 2), "one\n  two\n  three");
  EXPECT_EQ(wrapped("one two three", kNoWidth, 2), "one two three");
  EXPECT_EQ(wrapped("averyverylongword x", 8, 0), "averyverylongword\nx");
}

TEST(AsksTable, BytesAreShortNumbers) {
  EXPECT_EQ(bytes_text(0), "0 B");
  EXPECT_EQ(bytes_text(999), "999 B");
  EXPECT_EQ(bytes_text(1000), "1.0 kB");
  EXPECT_EQ(bytes_text(123'456'789), "123 MB");
  EXPECT_EQ(bytes_text(999'950), "1.0 MB");
  EXPECT_THAT(bytes_text(UINT64_MAX), StartsWith("18.4 EB"));
}

TEST(AsksTable, WhatWouldSteerATerminalIsShownAsAQuestionMark) {
  EXPECT_EQ(printable("a\x1b[31mb\n"), "a?[31mb?");
  EXPECT_EQ(printable("\xe7\xa6\x81"), "\xe7\xa6\x81");
}

}  // namespace
}  // namespace sluice::control
