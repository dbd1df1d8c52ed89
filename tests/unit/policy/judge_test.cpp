// tests: verdicts, each by the rule of the policy that it shows.
#include <arpa/inet.h>
#include <gtest/gtest.h>

#include "tests/support/policy.h"

namespace sluice {
namespace {

Address address(const char* text) {
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

constexpr const char* kRules = R"(
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
  const auto refused = [](const std::string& more) {
    Office office(more);
    Verdict verdict = office.judge(office.web("10.20.1.7", "www.example"));
    office.made->policy->refuse_unlogged(verdict);
    return verdict;
  };
  EXPECT_TRUE(refused("unidentified: {log-full: allow}\n").passes());
  EXPECT_TRUE(refused("unidentified: {log-full: by-address}\n").passes());
  const Verdict blocked = refused("unidentified: {log-full: block}\n");
  EXPECT_FALSE(blocked.passes());
  EXPECT_EQ(blocked.reason, Reason::LogFull);
  const Verdict observed = refused("mode: observe\nunidentified: {log-full: block}\n");
  EXPECT_EQ(observed.action, Action::Observed);
  EXPECT_EQ(observed.would, Action::Blocked);
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
  EXPECT_TRUE(policy.answers_canaries(quiet) && policy.strips_ech(quiet));
  EXPECT_FALSE(policy.answers_canaries(staff) || policy.strips_ech(staff));
  EXPECT_FALSE(policy.answers_canaries(kNone16) || policy.strips_ech(kNone16));
  Verdict verdict{.action = Action::Allowed, .network = quiet};
  policy.refuse_canary(verdict);
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

// ---- Tunnels. ----

constexpr const char* kTunnels = R"(
tunnels:
  hq-vpn: {protocols: [ipsec, gre, socks], from: [10.20.0.1], to: [hq-sg], owner: li.wei}
  link: {protocols: [vxlan], from: [finance], to: [203.0.113.9], owner: li.wei, inspect: true}
)";

struct Tunnels : Office {
  Tunnels()
      : Office(std::string(kRules) +
               "  - {name: no-wireguard, protocols: [wireguard], action: block, silent: true}\n" + kTunnels) {
  }
  Verdict between(Protocol protocol, const char* local, const char* remote,
                  Direction direction = Direction::Outbound) {
    Subject subject = nameless(local, Situation::UnknownProtocol, remote);
    subject.protocol = protocol;
    subject.direction = direction;
    return judge(subject);
  }
};

TEST(JudgeTunnel, OnlyARegisteredOneBetweenItsEndsPasses) {
  Tunnels office;
  const Verdict registered = office.between(Protocol::IpSec, "10.20.0.1", "10.64.3.2");
  EXPECT_EQ(registered.action, Action::Allowed);
  EXPECT_EQ(registered.reason, Reason::TunnelRegistered);
  EXPECT_EQ(office.rule(registered), "hq-vpn");
  EXPECT_FALSE(registered.opens);
  for (const Verdict& refused : {office.between(Protocol::IpSec, "10.20.0.2", "10.64.3.2"),
                                 office.between(Protocol::IpSec, "10.20.0.1", "198.51.100.9"),
                                 office.between(Protocol::OpenVpn, "10.20.0.1", "10.64.3.2")}) {
    EXPECT_EQ(refused.action, Action::Blocked);
    EXPECT_EQ(refused.reason, Reason::Tunnel);
    EXPECT_EQ(refused.rule, kNone16) << "what `hq` allows opens no tunnel";
  }
}

TEST(JudgeTunnel, EitherEndMayStart) {
  Tunnels office;
  EXPECT_EQ(office.rule(office.between(Protocol::Gre, "10.20.0.1", "10.64.3.2", Direction::Inbound)),
            "hq-vpn");
  EXPECT_EQ(office.between(Protocol::Gre, "10.20.0.2", "10.64.3.2", Direction::Inbound).reason,
            Reason::Tunnel);
}

TEST(JudgeTunnel, AnOpenedOneSaysSo) {
  Tunnels office;
  EXPECT_TRUE(office.between(Protocol::Vxlan, "10.20.8.9", "203.0.113.9").opens)
      << "the register comes before the rule no-hosting";
}

TEST(JudgeTunnel, ABlockingRuleSaysHowItIsRefused) {
  Tunnels office;
  const Verdict named = office.between(Protocol::WireGuard, "10.20.1.7", "198.51.100.9");
  EXPECT_EQ(office.rule(named), "no-wireguard");
  EXPECT_EQ(named.reason, Reason::Rule);
  EXPECT_TRUE(named.silent);
  EXPECT_EQ(office.rule(office.between(Protocol::Gtp, "10.20.1.7", "203.0.113.66")), "no-hosting");
}

TEST(JudgeTunnel, ItsRegisterSaysNothingOfOtherProtocols) {
  Tunnels office;
  EXPECT_EQ(office.between(Protocol::Ntp, "10.20.8.9", "203.0.113.9").reason, Reason::Rule);
  EXPECT_EQ(office.rule(office.between(Protocol::Ntp, "10.20.8.9", "203.0.113.9")), "no-hosting");
  EXPECT_EQ(office.between(Protocol::Unknown, "10.20.0.1", "198.51.100.1").reason, Reason::UnknownProtocol);
}

TEST(JudgeTunnel, ARegisteredProxyIsJudgedByWhereItLeads) {
  Tunnels office;
  Subject subject = office.web("10.20.0.1", "news.example", "10.65.1.1");
  subject.protocol = Protocol::Socks;
  subject.seen = Seen::Authority;
  EXPECT_EQ(office.rule(office.judge(subject)), "hq");
  subject.name = "bad.example";
  EXPECT_EQ(office.rule(office.judge(subject)), "no-bad");
  subject.local = address("10.20.0.2");
  subject.name = "news.example";
  EXPECT_EQ(office.judge(subject).reason, Reason::Tunnel);
}

TEST(JudgeTunnel, GuardsAndObservingHoldForIt) {
  Tunnels office;
  EXPECT_EQ(office.between(Protocol::Gre, "172.16.5.5", "10.64.3.2").reason, Reason::UnregisteredSource);
  const Verdict marked = office.between(Protocol::Gtp, "10.40.1.1", "198.51.100.9");
  EXPECT_EQ(marked.action, Action::Observed) << "a network whose default is observe";
  EXPECT_EQ(marked.would, Action::Blocked);
  EXPECT_EQ(office.between(Protocol::Gtp, "10.40.1.1", "198.51.100.9", Direction::Inbound).action,
            Action::Blocked);
}

TEST(JudgeTunnel, TraceLeavesTunnelsOutOfOtherAccesses) {
  Tunnels office;
  TraceStep steps[32];
  Trace trace{steps};
  Subject subject = office.web("10.20.1.8", "bad.example");
  (void)office.made->policy->judge(subject, office.made->scratch, &trace);
  ASSERT_EQ(trace.count, 3u);
  EXPECT_EQ(office.made->policy->rule_name(steps[0].rule), "watch");
  trace.count = 0;
  subject.protocol = Protocol::Gre;
  subject.local = address("10.20.0.1");
  subject.remote = address("10.64.3.2");
  (void)office.made->policy->judge(subject, office.made->scratch, &trace);
  EXPECT_EQ(trace.count == 1 ? office.made->policy->rule_name(steps[0].rule) : "", "hq-vpn");
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
