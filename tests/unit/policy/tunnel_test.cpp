// tests: verdicts on tunnels and proxies.
#include <gtest/gtest.h>

#include "tests/unit/policy/office.h"

namespace sluice {
namespace {

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

TEST(JudgeTunnel, NoNameThatAProxyIsToldMakesItRegistered) {
  Office office(R"(
lists:
  partner: {names: [partner.example], prefixes: [203.0.113.0/24]}
tunnels:
  proxy: {protocols: [socks], from: [10.20.0.1], to: [partner], owner: li.wei}
)");
  Subject subject = office.web("10.20.0.1", "partner.example", "203.0.113.9");
  subject.protocol = Protocol::Socks;
  subject.seen = Seen::Authority;
  EXPECT_EQ(office.judge(subject).action, Action::Allowed);
  subject.remote = address("198.51.100.9");
  EXPECT_EQ(office.judge(subject).reason, Reason::Tunnel) << "its ends are known by their addresses";
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
  ASSERT_EQ(trace.count, 1u);
  EXPECT_EQ(office.made->policy->rule_name(steps[0].rule), "hq-vpn");
}

}  // namespace
}  // namespace sluice
