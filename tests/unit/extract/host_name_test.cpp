// tests: HostName.
#include <gtest/gtest.h>

#include <string>

#include "dataplane/extract/extract.h"

namespace sluice {
namespace {

std::string canonical(std::string_view raw) {
  HostName host;
  if (!host.assign(raw)) return host.empty() ? "refused" : "refused, but not empty";
  return (host.is_address() ? "address " : "") + std::string(host.view());
}

TEST(HostName, NamesBecomeCanonical) {
  EXPECT_EQ(canonical("WWW.Example.COM"), "www.example.com");
  EXPECT_EQ(canonical("example.com."), "example.com");
  EXPECT_EQ(canonical("example.com:443"), "example.com");
  EXPECT_EQ(canonical("example.com:"), "example.com");
  EXPECT_EQ(canonical("example.com.:80"), "example.com");
  EXPECT_EQ(canonical("localhost"), "localhost");
  EXPECT_EQ(canonical("xn--fiqs8s"), "xn--fiqs8s");
}

TEST(HostName, OddBytesAreKept) {
  EXPECT_EQ(canonical("_dmarc.Example"), "_dmarc.example");
  EXPECT_EQ(canonical("*.a!~b"), "*.a!~b");
  EXPECT_EQ(canonical("a/b@c"), "a/b@c");
}

TEST(HostName, AddressesAreNoNames) {
  EXPECT_EQ(canonical("1.2.3.4"), "address 1.2.3.4");
  EXPECT_EQ(canonical("1.2.3.4:8080"), "address 1.2.3.4");
  EXPECT_EQ(canonical("1.2.3.4."), "address 1.2.3.4");
  EXPECT_EQ(canonical("2130706433"), "address 2130706433");
  EXPECT_EQ(canonical("0x7f.1"), "address 0x7f.1");
  EXPECT_EQ(canonical("0X7F000001"), "address 0x7f000001");
  EXPECT_EQ(canonical("a.0x"), "address a.0x");
  EXPECT_EQ(canonical("[::1]"), "address ::1");
  EXPECT_EQ(canonical("[2001:DB8::1]:443"), "address 2001:db8::1");
  EXPECT_EQ(canonical("::1"), "address ::1");
  EXPECT_EQ(canonical("::ffff:1.2.3.4"), "address ::ffff:1.2.3.4");
  EXPECT_EQ(canonical("[fe80::1%25eth0]"), "address fe80::1%25eth0");
}

TEST(HostName, NumbersThatAreNotLastAreNames) {
  EXPECT_EQ(canonical("1.2.3.4.in-addr.arpa"), "1.2.3.4.in-addr.arpa");
  EXPECT_EQ(canonical("163.com"), "163.com");
  EXPECT_EQ(canonical("a.0xyz"), "a.0xyz");
}

TEST(HostName, WhatIsNoHostIsRefused) {
  for (std::string_view raw :
       {"",          ".",      "..",   ".a",      "a..b",           "a..",  "a b", "a\tb",  "a\x7f",
        "a\xc3\xa9", ":80",    "a:b",  "a:80x",   "bad.cafe:80:80", "[::1", "[]",  "[a.b]", "[::1]x",
        "[::1]:x",   "[::1%]", "::1]", "1::2::3", "[1.2.3.4]"}) {
    EXPECT_EQ(canonical(raw), "refused") << raw;
  }
  EXPECT_EQ(canonical(std::string_view("a\0b", 3)), "refused");
  EXPECT_EQ(canonical(std::string_view("::1\0", 4)), "refused");
}

TEST(HostName, BoundOf253BytesHolds) {
  const std::string longest(253, 'a');
  EXPECT_EQ(canonical(longest), longest);
  EXPECT_EQ(canonical(longest + ".:443"), longest);
  EXPECT_EQ(canonical(longest + "a"), "refused");
  EXPECT_EQ(canonical("fe80::1%" + std::string(253, 'a')), "refused");
}

TEST(HostName, RefusalEmptiesAnEarlierName) {
  HostName host;
  ASSERT_TRUE(host.assign("[::1]"));
  EXPECT_FALSE(host.assign("a b"));
  EXPECT_TRUE(host.empty());
  EXPECT_FALSE(host.is_address());
}

TEST(HostName, LabelsKeepColonsAndAreNeverAddresses) {
  HostName host;
  ASSERT_TRUE(host.assign_labels("A:80"));
  EXPECT_EQ(host.view(), "a:80");
  ASSERT_TRUE(host.assign_labels("1.2.3.4"));
  EXPECT_FALSE(host.is_address());
  EXPECT_FALSE(host.assign_labels("a."));
}

}  // namespace
}  // namespace sluice
