// tests: answers of Microsoft's endpoints web service as lists, and rules for them.
#include <gtest/gtest.h>

#include "tests/unit/control_policy/judged.h"
#include "tests/unit/control_policy/list_taken.h"

namespace sluice::control::test {
namespace {

constexpr const char* kEndpoints = R"([
  {
    "id": 1, "serviceArea": "Mail",
    "urls": ["Mail.example", "*.mail.example"],
    "ips": ["203.0.113.0/24", "2001:db8:365::/48"],
    "tcpPorts": "80,443", "udpPorts": "443", "category": "Optimize", "required": true
  },
  {"id": 2, "urls": ["*cdn.example", "auto.*.tenant.example"], "tcpPorts": "443", "required": false, "notes": null},
  {"id": 3, "ips": ["198.51.100.0/25"], "udpPorts": "3478-3481"},
  {"id": 4, "urls": ["any.example"]}
])";

TEST(Microsoft365File, TakesEachSetOnItsPorts) {
  const ListTaken read(kEndpoints, ListFormat::Microsoft365);
  EXPECT_EQ(read.entries, (Lines{"on tcp/80 tcp/443 udp/443", "=mail.example", "*.mail.example",
                                 "203.0.113.0/24", "2001:db8:365::/48", "on tcp/443", "/.cdn\\.example\\z",
                                 "/^auto\\..+\\.tenant\\.example\\z", "on udp/3478-3481", "198.51.100.0/25",
                                 "on", "=any.example"}));
  EXPECT_EQ(read.problems, Lines{});
}

TEST(Microsoft365File, WhatIsWrongIsReportedAtItsPlace) {
  const ListTaken read(
      "[{\"urls\": [\"a.example\", \"x..y\"],\n  \"ips\": [\"1.2.3\"]},\n {\"urls\": [\"b.example\"], "
      "\"tcpPorts\": "
      "\"80,0\"},\n {\"urls\": [\"b\\u002eexample\", \"\\u002e\\u002e\"]}]",
      ListFormat::Microsoft365);
  EXPECT_EQ(read.entries, (Lines{"on", "=a.example", "on", "=b.example"}));
  const char* const expected[] = {"f: warning: '..' has an empty label; it is left out",
                                  "f:1:26: warning: 'x..y' has an empty label; it is left out",
                                  "f:2:12: warning: '1.2.3' is not a prefix; it is left out",
                                  "f:3:39: warning: '80,0' has a port that is none; it is left out"};
  expect_beginnings(read.problems, expected);
}

TEST(Microsoft365File, AnotherShapeIsAnError) {
  for (const char* text :
       {"{\"message\": \"no\"}", "[[]]", "[1]", "\"x\"", "[{\"urls\": [[[[[[[[[]]]]]]]]]}]"}) {
    const ListTaken read(text, ListFormat::Microsoft365);
    ASSERT_EQ(read.problems.size(), 1u) << text;
    EXPECT_TRUE(read.problems[0].starts_with("f: it is JSON, but no endpoint sets")) << text;
    EXPECT_TRUE(read.failed);
  }
  const ListTaken read("[{\"urls\": [\"a.example\"]},\n oops]", ListFormat::Microsoft365);
  EXPECT_TRUE(read.problems.at(0).starts_with("f:2:2: it is no JSON from here on")) << read.problems[0];
  const ListTaken large(std::string(size_t{17} << 20, ' '), ListFormat::Microsoft365);
  EXPECT_TRUE(large.problems.at(0).starts_with("f: it is larger than 16 MiB"));
}

TEST(Microsoft365Rules, OpenEachSetOnItsOwnPorts) {
  Judged judged(
      "networks: {shut: {prefixes: [10.30.0.0/16], line: l, default: block}}\n"
      "lists: {m365: {files: [m.json], format: microsoft365}}\n"
      "rules: [{name: office, from: [shut], to: [m365, own.example], action: allow}, "
      "{name: only-tls, from: [staff], to: [m365], ports: [tcp/443], action: allow}, "
      "{name: none, to: [m365], action: block}]\n",
      {{"dir/m.json", kEndpoints}});
  EXPECT_EQ(judged.problems, std::vector<std::string>{});
  const auto shut = [&](const char* name, const char* to, uint16_t port, uint8_t transport = 6) {
    judged.from = "10.30.0.1";
    return judged.of(name, to, port, transport);
  };
  EXPECT_EQ(shut("mail.example", "192.0.2.9", 443), "office m365");
  EXPECT_EQ(shut("mail.example", "192.0.2.9", 80), "office m365");
  EXPECT_EQ(shut("mail.example", "192.0.2.9", 443, 17), "office m365");
  EXPECT_EQ(shut("mail.example", "192.0.2.9", 8443), "none m365");
  EXPECT_EQ(shut("xcdn.example", "192.0.2.9", 443), "office m365");
  EXPECT_EQ(shut("xcdn.example", "192.0.2.9", 80), "none m365");
  EXPECT_EQ(shut("auto.x.tenant.example", "192.0.2.9", 443), "office m365");
  EXPECT_EQ(shut("", "198.51.100.7", 3480, 17), "office m365");
  EXPECT_EQ(shut("", "198.51.100.7", 3480), "none m365");
  EXPECT_EQ(shut("any.example", "192.0.2.9", 8443), "office m365");
  EXPECT_EQ(shut("own.example", "192.0.2.9", 8443), "office own.example");
  judged.from = "10.20.1.7";
  EXPECT_EQ(judged.of("mail.example", "192.0.2.9", 443), "only-tls m365");
  EXPECT_EQ(judged.of("mail.example", "192.0.2.9", 80), "none m365");
}

TEST(Microsoft365Rules, OpenTheQuestionsForItsNames) {
  Judged judged(
      "lists: {m365: {files: [m.json], format: microsoft365}}\n"
      "rules: [{name: office, to: [m365], action: allow}, {name: web, to: [m365], protocols: [tls], action: "
      "allow}]\n",
      {{"dir/m.json", kEndpoints}});
  judged.protocol = Protocol::Dns;
  EXPECT_EQ(judged.of("mail.example", "192.0.2.53", 53, 17), "office m365");
  EXPECT_EQ(judged.of("other.example", "192.0.2.53", 53, 17), "-");
}

}  // namespace
}  // namespace sluice::control::test
