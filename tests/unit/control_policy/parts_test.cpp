// tests: names, prefixes, sets and UTF-8.
#include <gtest/gtest.h>

#include <string>

#include "control/policy/host_name.h"
#include "control/policy/pattern_size.h"
#include "control/policy/prefix.h"
#include "control/policy/set_table.h"
#include "control/policy/utf8.h"

namespace sluice::control {
namespace {

NameError error_of(std::string text) {
  return parse_host_name(text.data(), text.size()).error;
}

TEST(HostName, IsBroughtIntoCanonicalForm) {
  std::string text = "*.WWW.Example-1_x.COM.";
  const ParsedName parsed = parse_host_name(text.data(), text.size());
  EXPECT_EQ(parsed.error, NameError::None);
  EXPECT_EQ(parsed.scope, NameScope::Below);
  EXPECT_EQ(parsed.name, "www.example-1_x.com");
}

TEST(HostName, LengthsAreBounded) {
  const std::string label(63, 'a');
  const std::string longest = label + '.' + label + '.' + label + '.' + std::string(61, 'a');
  ASSERT_EQ(longest.size(), 253u);
  EXPECT_EQ(error_of(longest), NameError::None);
  EXPECT_EQ(error_of("=" + longest + "."), NameError::None);
  EXPECT_EQ(error_of(longest + "a"), NameError::TooLong);
  EXPECT_EQ(error_of(label + "a.example"), NameError::LongLabel);
}

TEST(HostName, WhatIsNoNameIsRefused) {
  for (const char* text : {"", "=", "*.", ".", "=."}) EXPECT_EQ(error_of(text), NameError::Empty) << text;
  for (const char* text : {"a..b", ".a", "a.."}) EXPECT_EQ(error_of(text), NameError::EmptyLabel) << text;
  for (const char* text : {"*", "a.*.b", "=*.a", "**.a"}) EXPECT_EQ(error_of(text), NameError::Star) << text;
  for (const char* text : {"1.2.3.4", "10", "a.1"}) EXPECT_EQ(error_of(text), NameError::IsAddress) << text;
  for (const char* text : {"a b", "a/b", "a:1", "==a", "a.b?"})
    EXPECT_EQ(error_of(text), NameError::Character) << text;
  EXPECT_EQ(error_of(std::string("a\0b", 3)), NameError::Character);
}

PrefixError parse(std::string_view text, std::string& shown) {
  Prefix prefix;
  const PrefixError error = parse_prefix(text, prefix);
  if (error == PrefixError::None || error == PrefixError::HostBits) shown = to_string(prefix);
  return error;
}

TEST(Prefixes, AreParsedAndShownAlike) {
  for (const char* text :
       {"10.0.0.0/8", "0.0.0.0/0", "192.0.2.1", "fd00::/8", "::/0", "2001:db8::1", "::/80"}) {
    std::string shown;
    EXPECT_EQ(parse(text, shown), PrefixError::None) << text;
    EXPECT_EQ(shown, text);
  }
}

TEST(Prefixes, WrongOnesAreRefused) {
  std::string shown;
  EXPECT_EQ(parse("10.1.2.3/8", shown), PrefixError::HostBits);
  EXPECT_EQ(shown, "10.0.0.0/8");
  EXPECT_EQ(parse("fd00::1/127", shown), PrefixError::HostBits);
  EXPECT_EQ(shown, "fd00::/127");
  for (const char* text : {"", "/8", "10.0.0", "010.0.0.0/8", "x", "fe80::1%eth0", "10.0.0.0 /8"}) {
    EXPECT_EQ(parse(text, shown), PrefixError::NotAnAddress) << text;
  }
  for (const char* text :
       {"10.0.0.0/", "10.0.0.0/33", "10.0.0.0/08", "10.0.0.0/-1", "::/129", "::/256", "::/1x"}) {
    EXPECT_EQ(parse(text, shown), PrefixError::BadLength) << text;
  }
  for (const char* text : {"::ffff:10.0.0.1", "::ffff:0:0/96"})
    EXPECT_EQ(parse(text, shown), PrefixError::Mapped) << text;
}

TEST(Prefixes, PrivateSpaceIsKnown) {
  const auto is = [](std::string_view text) {
    Prefix prefix;
    parse_prefix(text, prefix);
    return is_private(prefix);
  };
  for (const char* text : {"10.0.0.0/8", "172.31.255.0/24", "fd12::/16", "100.64.0.0/10"})
    EXPECT_TRUE(is(text)) << text;
  for (const char* text : {"8.0.0.0/7", "172.0.0.0/8", "172.32.0.0/12", "2001:db8::/32", "::/0"}) {
    EXPECT_FALSE(is(text)) << text;
  }
}

TEST(PatternSize, RepeatsAreWrittenOut) {
  EXPECT_EQ(written_out_size("abc"), 3u);
  EXPECT_EQ(written_out_size("a{3}b"), 4u);
  EXPECT_EQ(written_out_size("(ab){10}c{2,5}"), 25u);
  EXPECT_EQ(written_out_size("(?:(a{2}b){3}){4}"), 36u);
  EXPECT_EQ(written_out_size("[]a-z{9}]{3,}"), 3u);
  EXPECT_EQ(written_out_size("\\({5}\\d{2}"), 7u);
  EXPECT_EQ(written_out_size("a{x}"), 4u);
  EXPECT_EQ(written_out_size("((a{99}){99}"), kMaxPatternSize + 1);
  EXPECT_EQ(written_out_size("a{99999999999999999999}"), kMaxPatternSize + 1);
  EXPECT_EQ(written_out_size("a{1,"), 4u);
  EXPECT_EQ(written_out_size(")[\\"), 2u);
}

TEST(SetTable, InternsWhateverTheOrder) {
  SetTable table;
  const uint32_t ab = table.add(table.add(0, 1), 2), ba = table.add(table.add(0, 2), 1);
  EXPECT_EQ(ab, ba);
  EXPECT_EQ(table.add(ab, 1), ab);
  EXPECT_EQ(table.unite(table.add(0, 1), table.add(0, 2)), ab);
  EXPECT_EQ(table.unite(0, ab), ab);
  EXPECT_EQ(table.unite(ab, 0), ab);
  EXPECT_FALSE(table.full());
}

TEST(Utf8, OnlyWellFormedCharactersCount) {
  EXPECT_EQ(utf8_size("a"), 1u);
  EXPECT_EQ(utf8_size("\xc3\xbc"), 2u);
  EXPECT_EQ(utf8_size("\xe4\xb8\xad"), 3u);
  EXPECT_EQ(utf8_size("\xf0\x9f\x98\x80"), 4u);
  for (const char* text : {"\x80", "\xc3", "\xc0\x80", "\xc1\xbf", "\xe0\x80\x80", "\xed\xa0\x80", "\xe4\xb8",
                           "\xf0\x80\x80\x80", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", ""}) {
    EXPECT_EQ(utf8_size(text), 0u);
  }
}

}  // namespace
}  // namespace sluice::control
