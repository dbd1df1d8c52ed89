// tests: an office's policy, and accesses to judge by it.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "tests/support/policy.h"

namespace sluice {

inline Address address(const char* text) {
  uint8_t bytes[16];
  if (inet_pton(AF_INET, text, bytes) == 1) return Address::from_v4(bytes);
  EXPECT_EQ(inet_pton(AF_INET6, text, bytes), 1) << text;
  return Address::from_v6(bytes);
}

struct Office {
  explicit Office(const std::string& rules) : made(test::make_policy(test::kOffice + rules)) {}

  Subject web(const char* from, const char* name, const char* to = "198.51.100.9") const {
    return {.local = address(from),
            .remote = address(to),
            .line = made->policy->line_of("line-a"),
            .transport = 6,
            .service_port = 443,
            .protocol = Protocol::Tls,
            .seen = Seen::Sni,
            .name = name};
  }
  Subject nameless(const char* from, Situation situation, const char* to = "198.51.100.9") const {
    Subject subject = web(from, "", to);
    subject.unidentified = true;
    subject.situation = situation;
    return subject;
  }
  Verdict judge(const Subject& subject) { return made->policy->judge(subject, made->scratch); }
  std::string_view rule(const Verdict& verdict) { return made->policy->rule_name(verdict.rule); }

  std::unique_ptr<test::TestPolicy> made;
};

inline constexpr const char* kRules = R"(
lists:
  bad: {names: [bad.example, "=exact.example", "*.below.example"]}
  work: {names: [work.example]}
  betting: {patterns: ['(^|\.)bet[0-9]{3,}\.']}
  hosting: {prefixes: [203.0.113.0/24, "2001:db8:bad::/48"]}
rules:
  - {name: watch, to: [watched.example], action: observe}
  - {name: open-one, from: [10.20.1.7], to: [one.bad.example], action: allow}
  - {name: no-bad, to: [bad], action: block}
  - {name: hq, to: [hq-sg], action: allow}
  - {name: print, direction: inbound, from: [hq-sg], to: [printers], ports: [tcp/515, tcp/9100], action: allow}
  - {name: finance-work, from: [finance], to: [work], action: allow}
  - {name: no-hosting, to: [hosting], action: block, silent: true}
  - {name: no-betting, from: [staff], to: [betting], action: block}
  - {name: no-plain, to: [plain.example], protocols: [http], action: block}
)";

}  // namespace sluice
