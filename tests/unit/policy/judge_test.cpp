// tests: verdicts, each by the rule of the policy that it shows.
#include <gtest/gtest.h>

#include "tests/unit/policy/office.h"

namespace sluice {
namespace {

TEST(Judge, DotIsTlsOrQuicToItsPort) {
  Office office("rules: [{name: no-dot, protocols: [dot], action: block}]\n");
  Subject subject = office.web("10.20.1.7", "dns.example");
  EXPECT_TRUE(office.judge(subject).passes());
  subject.service_port = 853;
  for (const Protocol protocol : {Protocol::Tls, Protocol::Quic}) {
    subject.protocol = protocol;
    EXPECT_EQ(office.rule(office.judge(subject)), "no-dot");
  }
  for (const Protocol protocol : {Protocol::Http, Protocol::Dns, Protocol::Unknown}) {
    subject.protocol = protocol;
    EXPECT_TRUE(office.judge(subject).passes());
  }
}

TEST(Judge, DohIsWebToWhoeverItsListHas) {
  Office office(
      "lists: {doh-resolvers: {names: [dns.example], prefixes: [203.0.113.53/32]}}\n"
      "rules: [{name: no-doh, protocols: [doh], action: block}]\n");
  for (const Protocol protocol : {Protocol::Tls, Protocol::Quic, Protocol::Http, Protocol::H2c}) {
    Subject subject = office.web("10.20.1.7", "one.dns.example");
    subject.protocol = protocol;
    EXPECT_EQ(office.rule(office.judge(subject)), "no-doh");
  }
  Subject question = office.web("10.20.1.7", "dns.example");
  question.protocol = Protocol::Dns;
  EXPECT_TRUE(office.judge(question).passes());
  EXPECT_TRUE(office.judge(office.web("10.20.1.7", "www.example")).passes());
  EXPECT_EQ(office.rule(office.judge(office.web("10.20.1.7", "www.example", "203.0.113.53"))), "no-doh");
}

TEST(Judge, RdpIsWhatFollowsItsNegotiationToo) {
  Office office("rules: [{name: no-rdp, protocols: [rdp], action: block}]\n");
  Subject subject = office.web("10.20.1.7", "www.example");
  EXPECT_TRUE(office.judge(subject).passes());
  subject.rdp = true;
  EXPECT_EQ(office.rule(office.judge(subject)), "no-rdp");
}

TEST(Judge, UnloggedIsRefusedWhereLogFullBlocks) {
  for (const auto& [more, action] :
       {std::pair{"unidentified: {log-full: allow}", Action::Allowed},
        std::pair{"unidentified: {log-full: by-address}", Action::Allowed},
        std::pair{"unidentified: {log-full: block}", Action::Blocked},
        std::pair{"mode: observe\nunidentified: {log-full: block}\n", Action::Observed}}) {
    Office office(more);
    Verdict verdict = office.judge(office.web("10.20.1.7", "www.example"));
    office.made->policy->refuse_unlogged(verdict, office.made->scratch);
    EXPECT_EQ(verdict.action, action) << more;
    EXPECT_EQ(verdict.reason == Reason::LogFull, action != Action::Allowed) << more;
  }
}

TEST(Judge, MismatchComesAfterWhatPassed) {
  for (const auto& [setting, action] :
       {std::pair{"allow", Action::Allowed}, std::pair{"observe", Action::Observed},
        std::pair{"block", Action::Blocked}}) {
    Office office(std::string(kRules) + "unidentified: {name-mismatch: " + setting + "}\n");
    Subject subject = office.web("10.20.1.7", "www.example");
    subject.mismatch = true;
    const Verdict verdict = office.judge(subject);
    EXPECT_EQ(verdict.action, action) << setting;
    EXPECT_EQ(verdict.reason == Reason::NameMismatch, action != Action::Allowed) << setting;
    subject.name = "bad.example";
    EXPECT_EQ(office.judge(subject).reason, Reason::Rule) << setting;
  }
}

TEST(Judge, CanariesAndEchAreEachNetworksOwn) {
  Office office("");
  const Policy& policy = *office.made->policy;
  const uint16_t quiet = policy.network_of(address("10.20.40.7"), kNoVlan);
  const uint16_t staff = policy.network_of(address("10.20.1.7"), kNoVlan);
  const Scratch& scratch = office.made->scratch;
  EXPECT_TRUE(policy.answers_canaries(quiet) && policy.strips_ech(quiet, scratch));
  EXPECT_FALSE(policy.answers_canaries(staff) || policy.strips_ech(staff, scratch));
  EXPECT_FALSE(policy.answers_canaries(kNone16) || policy.strips_ech(kNone16, scratch));
  Verdict verdict{.action = Action::Allowed, .network = quiet};
  policy.refuse_canary(verdict, scratch);
  EXPECT_EQ(verdict.action, Action::Blocked);
  EXPECT_EQ(verdict.reason, Reason::Canary);
  EXPECT_EQ(verdict.network, quiet);
}

TEST(Judge, NamesCoverThemselvesAndBelowAsWritten) {
  Office office(kRules);
  const std::pair<const char*, bool> cases[] = {
      {"bad.example", true},      {"x.bad.example", true},   {"notbad.example", false},
      {"bad.example.org", false}, {"exact.example", true},   {"x.exact.example", false},
      {"below.example", false},   {"x.below.example", true}, {"y.x.below.example", true},
      {"example", false},         {"xbad.example", false},
  };
  for (const auto& [name, blocked] : cases)
    EXPECT_EQ(office.judge(office.web("10.20.1.8", name)).passes(), !blocked) << name;
}

TEST(Judge, FirstMatchingRuleDecidesAndNamesItsList) {
  Office office(kRules);
  Verdict verdict = office.judge(office.web("10.20.1.7", "one.bad.example"));
  EXPECT_TRUE(verdict.passes());
  EXPECT_EQ(office.rule(verdict), "open-one");
  verdict = office.judge(office.web("10.20.1.8", "one.bad.example"));
  EXPECT_FALSE(verdict.passes());
  EXPECT_EQ(office.rule(verdict), "no-bad");
  EXPECT_EQ(office.made->policy->list_name(verdict.list), "bad");
  EXPECT_EQ(verdict.reason, Reason::Rule);
}

TEST(Judge, NetworkDefaultsHoldWhereNoRuleMatches) {
  Office office(kRules);
  EXPECT_EQ(office.judge(office.web("10.20.1.7", "news.example")).action, Action::Allowed);
  EXPECT_EQ(office.judge(office.web("fd12:3456:20::7", "news.example")).action, Action::Allowed);
  EXPECT_EQ(office.judge(office.web("10.20.8.9", "news.example")).action, Action::Blocked);
  EXPECT_EQ(office.judge(office.web("10.20.8.9", "news.example")).reason, Reason::NetworkDefault);
  EXPECT_EQ(office.judge(office.web("10.20.8.9", "erp.work.example")).action, Action::Allowed);
  const Verdict marked = office.judge(office.web("10.40.1.1", "news.example"));
  EXPECT_EQ(marked.action, Action::Observed);
  EXPECT_EQ(marked.would, Action::Blocked);
  EXPECT_EQ(office.judge(office.web("10.40.1.1", "bad.example")).action, Action::Blocked)
      << "block rules stay enforced";
}

TEST(Judge, GuardsComeBeforeRules) {
  Office office(kRules);
  EXPECT_EQ(office.judge(office.web("172.16.5.5", "news.example")).reason, Reason::UnregisteredSource);
  EXPECT_EQ(office.judge(office.web("10.99.0.9", "news.example")).reason, Reason::WrongLine);
  EXPECT_EQ(office.judge(office.web("10.30.0.9", "news.example")).reason, Reason::WrongLine);
  Subject subject = office.web("10.30.0.9", "news.example");
  subject.line = office.made->policy->line_of("line-b");
  EXPECT_TRUE(office.judge(subject).passes());
  subject.line = office.made->policy->line_of("no-such-line");
  EXPECT_EQ(office.judge(subject).reason, Reason::WrongLine);
}

TEST(Judge, TransitIsTrafficOfTwoOutsiders) {
  Office office(kRules);
  const auto reason = [&](const char* local, const char* remote, Direction direction) {
    Subject subject = office.web(local, "news.example", remote);
    subject.direction = direction;
    return office.judge(subject).reason;
  };
  using enum Direction;
  EXPECT_EQ(reason("172.16.5.5", "198.51.100.9", Inbound), Reason::Transit);
  EXPECT_EQ(reason("203.0.113.7", "198.51.100.9", Inbound), Reason::Transit);
  EXPECT_EQ(reason("203.0.113.7", "198.51.100.9", Outbound), Reason::Transit);
  EXPECT_EQ(reason("2001:db8::7", "2001:db8:9::9", Outbound), Reason::Transit);
  EXPECT_EQ(reason("172.16.5.5", "198.51.100.9", Outbound), Reason::UnregisteredSource)
      << "a machine that somebody plugged in";
  EXPECT_EQ(reason("fe80::7", "2001:db8:9::9", Outbound), Reason::UnregisteredSource);
  for (const Direction direction : {Inbound, Outbound}) {
    EXPECT_EQ(reason("203.0.113.7", "10.64.3.2", direction), Reason::UnregisteredSource) << "to an office";
    EXPECT_EQ(reason("203.0.113.7", "192.0.2.2", direction), Reason::UnregisteredSource) << "to the link";
    EXPECT_EQ(reason("224.0.0.251", "198.51.100.9", direction), Reason::UnregisteredSource) << "a group";
  }
  EXPECT_EQ(reason("10.20.1.7", "198.51.100.9", Inbound), Reason::InboundRefused);
  EXPECT_EQ(reason("10.99.0.9", "198.51.100.9", Inbound), Reason::WrongLine);
}

TEST(Judge, VlanAndPrefixMustBothMatch) {
  Office office(kRules);
  Subject subject = office.web("10.20.16.4", "news.example");
  EXPECT_EQ(office.made->policy->network_name(office.judge(subject).network), "staff")
      << "untagged: the shorter prefix";
  subject.vlan = 28;
  EXPECT_EQ(office.made->policy->network_name(office.judge(subject).network), "tagged");
}

TEST(Judge, InboundIsRefusedButForInboundRules) {
  Office office(kRules);
  Subject subject = office.web("10.20.250.4", "", "10.64.3.2");
  subject.direction = Direction::Inbound;
  subject.service_port = 9100;
  EXPECT_EQ(office.rule(office.judge(subject)), "print");
  EXPECT_TRUE(office.judge(subject).passes());
  subject.service_port = 22;
  EXPECT_EQ(office.judge(subject).reason, Reason::InboundRefused);
  subject.service_port = 9100;
  subject.transport = 17;
  EXPECT_EQ(office.judge(subject).reason, Reason::InboundRefused);
  subject.transport = 6;
  subject.remote = address("203.0.113.66");
  EXPECT_EQ(office.judge(subject).reason, Reason::InboundRefused) << "not headquarters";
  subject.remote = address("10.64.3.2");
  subject.local = address("10.20.1.7");
  EXPECT_EQ(office.judge(subject).reason, Reason::InboundRefused) << "not a printer";
}

TEST(Judge, PrefixesAndOfficesDecideWithoutAName) {
  Office office(kRules);
  EXPECT_EQ(office.rule(office.judge(office.nameless("10.20.8.9", Situation::UnknownProtocol, "10.64.3.2"))),
            "hq");
  const Verdict verdict =
      office.judge(office.nameless("10.20.1.7", Situation::UnknownProtocol, "2001:db8:bad::1"));
  EXPECT_EQ(office.rule(verdict), "no-hosting");
  EXPECT_TRUE(verdict.silent);
}

TEST(Judge, PatternsMatchOnlyWhereNoEarlierRuleDecided) {
  Office office(kRules);
  EXPECT_EQ(office.rule(office.judge(office.web("10.20.1.7", "www.bet365.example"))), "no-betting");
  EXPECT_EQ(office.rule(office.judge(office.web("10.20.1.7", "bet365.bad.example"))), "no-bad");
  EXPECT_TRUE(office.judge(office.web("10.20.1.7", "alphabet12.example")).passes());
  EXPECT_EQ(office.made->policy->list_name(office.judge(office.web("10.20.1.7", "bet365.example")).list),
            "betting");
}

TEST(Judge, ProtocolsLimitARule) {
  Office office(kRules);
  Subject subject = office.web("10.20.1.7", "plain.example");
  EXPECT_TRUE(office.judge(subject).passes());
  subject.protocol = Protocol::Http;
  EXPECT_EQ(office.rule(office.judge(subject)), "no-plain");
}

TEST(Judge, ObservingRuleMarksAndGoesOn) {
  Office office(kRules);
  const Verdict verdict = office.judge(office.web("10.20.1.7", "watched.example"));
  EXPECT_EQ(verdict.action, Action::Observed);
  EXPECT_EQ(verdict.would, Action::Allowed);
  EXPECT_EQ(office.rule(verdict), "watch");
  EXPECT_EQ(office.judge(office.web("10.20.8.9", "watched.example")).action, Action::Blocked)
      << "the default still blocks";
}

TEST(Judge, EverySituationFollowsItsSetting) {
  for (size_t i = 0; i < kSituationCount; ++i) {
    const auto situation = static_cast<Situation>(i);
    const std::string key(word_of(situation));
    Office allow(std::string(kRules) + "unidentified: {" + key + ": allow}\n");
    Office block(std::string(kRules) + "unidentified: {" + key + ": block}\n");
    Subject subject = allow.nameless("10.20.8.9", situation);
    subject.in_grace = true;
    EXPECT_TRUE(allow.judge(subject).passes()) << key;
    EXPECT_EQ(allow.judge(subject).reason, reason_of(situation)) << key;
    EXPECT_FALSE(block.judge(subject).passes()) << key;
    EXPECT_EQ(block.judge(subject).reason, reason_of(situation)) << key;
  }
}

TEST(Judge, ByAddressLetsABoundNameDecide) {
  Office office(kRules);
  Subject subject = office.nameless("10.20.8.9", Situation::NoName);
  EXPECT_EQ(office.judge(subject).reason, Reason::NoName);
  EXPECT_FALSE(office.judge(subject).passes());
  subject.name = "erp.work.example";
  subject.seen = Seen::Binding;
  EXPECT_EQ(office.rule(office.judge(subject)), "finance-work");
  subject.name = "news.example";
  EXPECT_FALSE(office.judge(subject).passes()) << "a default of block holds for bound names too";
  subject.local = address("10.20.1.7");
  EXPECT_TRUE(office.judge(subject).passes());
  EXPECT_EQ(office.judge(subject).reason, Reason::ByAddress);
}

TEST(Judge, MidstreamIsByAddressAfterTheGrace) {
  Office office(std::string(kRules) + "unidentified: {midstream: allow}\n");
  Subject subject = office.nameless("10.20.8.9", Situation::Midstream);
  EXPECT_FALSE(office.judge(subject).passes());
  subject.in_grace = true;
  EXPECT_TRUE(office.judge(subject).passes());
}

TEST(Judge, ResolversMeetOnlyRulesForEverybodyAndNoOpenedName) {
  Office office(kRules);
  Subject subject = office.web("10.20.0.10", "news.example");
  subject.resolver_question = true;
  EXPECT_EQ(office.judge(subject).reason, Reason::Resolver);
  subject.name = "bad.example";
  EXPECT_EQ(office.rule(office.judge(subject)), "no-bad");
  subject.name = "one.bad.example";
  EXPECT_TRUE(office.judge(subject).passes()) << "an allow rule opens it to somebody";
  subject.name = "bet365.example";
  EXPECT_TRUE(office.judge(subject).passes()) << "blocked for staff only";
}

TEST(Judge, ObserveModeBlocksNothing) {
  auto made = test::make_policy(test::kOffice + "mode: observe\n" + kRules);
  for (const char* from : {"10.20.1.7", "172.16.5.5", "10.99.0.9"}) {
    Subject subject{.local = address(from),
                    .remote = address("198.51.100.9"),
                    .line = made->policy->line_of("line-a"),
                    .transport = 6,
                    .service_port = 443,
                    .protocol = Protocol::Tls,
                    .name = "bad.example"};
    const Verdict verdict = made->policy->judge(subject, made->scratch);
    EXPECT_EQ(verdict.action, Action::Observed) << from;
    EXPECT_EQ(verdict.would, Action::Blocked) << from;
  }
}

TEST(Judge, TraceGoesOnBehindARuleThatOnlyMarks) {
  Office office(kRules + std::string("  - {name: open-watched, to: [watched.example], action: allow}\n"));
  TraceStep steps[32];
  Trace trace{steps};
  const Subject subject = office.web("10.20.1.8", "watched.example");
  const Verdict verdict = office.made->policy->judge(subject, office.made->scratch, &trace);
  EXPECT_EQ(office.rule(verdict), "watch");
  ASSERT_EQ(trace.count, 10u);
  EXPECT_EQ(office.made->policy->rule_name(steps[9].rule), "open-watched");
  EXPECT_EQ(steps[9].why, PassedOver::Matched);
}

TEST(Judge, AListIsNamedByItsPatternOnlyWhereThatDecides) {
  Office office(R"(
lists:
  second: {patterns: ['^b']}
  first: {patterns: ['b.*t']}
rules:
  - {name: inbound-any, direction: inbound, to: [staff, second], action: block}
  - {name: both, to: [first, second], action: block}
)");
  Subject subject = office.web("10.20.1.8", "bet.example");
  const auto list = [&] { return office.made->policy->list_name(office.judge(subject).list); };
  EXPECT_EQ(list(), "second") << "the one declared first, whichever pattern ends first";
  subject.direction = Direction::Inbound;
  EXPECT_EQ(list(), "") << "the network is enough";
}

TEST(Judge, TraceTellsWhyEachRuleWasPassedOver) {
  Office office(kRules);
  TraceStep steps[32];
  Trace trace{steps};
  const Verdict verdict =
      office.made->policy->judge(office.web("10.20.1.8", "one.bad.example"), office.made->scratch, &trace);
  ASSERT_EQ(trace.count, 3u);
  EXPECT_EQ(steps[0].why, PassedOver::To);
  EXPECT_EQ(steps[1].why, PassedOver::From);
  EXPECT_EQ(steps[2].why, PassedOver::Matched);
  EXPECT_EQ(steps[2].rule, verdict.rule);
}

}  // namespace
}  // namespace sluice
