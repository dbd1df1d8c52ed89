// tests: every problem of the tunnels' register is reported at its place, with what would be right.
#include <gtest/gtest.h>

#include "tests/unit/control_policy/compile_helper.h"

namespace sluice::control::test {
namespace {

class TunnelDiagnosed : public testing::TestWithParam<Case> {};

TEST_P(TunnelDiagnosed, AtItsPlaceWithWhatIsRight) {
  EXPECT_EQ(problems(GetParam().yaml), GetParam().expected);
}

INSTANTIATE_TEST_SUITE_P(
    Tunnels, TunnelDiagnosed,
    testing::Values(
        Case{
            "TunnelRight",
            "tunnels: {vpn: {protocols: [gre, vxlan], from: [staff, 10.20.0.1], to: [203.0.113.9], owner: o, "
            "inspect: true}}\n",
            {}},
        Case{"Missing",
             "tunnels: {vpn: {}}\n",
             {"t:1:11: the tunnel 'vpn' has no `protocols`; write protocols: [ipsec]",
              "t:1:11: the tunnel 'vpn' has no `from`; write from: [10.20.0.1], its end on the LAN",
              "t:1:11: the tunnel 'vpn' has no `to`; write to: [203.0.113.9], its end beyond the line, or an "
              "office",
              "t:1:11: the tunnel 'vpn' has no `owner`; write owner: li.wei, who answers for it"}},
        Case{"Protocol",
             "tunnels: {vpn: {protocols: [tls], from: [staff], to: [any], owner: o}}\n",
             {"t:1:29: `protocols` cannot be 'tls'; write socks, wireguard, openvpn, ipsec, l2tp, pptp, "
              "teredo, "
              "geneve, gtp, gre, ipip, 6in4 or vxlan"}},
        Case{"ThatCannotBeOpened",
             "tunnels: {vpn: {protocols: [gre, ipsec], from: [staff], to: [any], owner: o, inspect: true}}\n",
             {"t:1:87: `inspect` cannot open ipsec; leave it out, or register ipsec as a tunnel of its own"}},
        Case{"EndByName",
             "tunnels: {vpn: {protocols: [gre], from: [staff], to: [vpn.example], owner: o}}\n",
             {"t:1:55: 'vpn.example' is a name, and a tunnel's end is known by its address only; write a "
              "network, "
              "an office, a list or a prefix"}},
        Case{"ToANetwork",
             "tunnels: {vpn: {protocols: [gre], from: [staff], to: [staff], owner: o}}\n",
             {"t:1:55: warning: the network 'staff' is on the LAN side, so this never matches; name an "
              "office, a "
              "list or a prefix"}},
        Case{"NamedAsARule",
             "tunnels: {a: {protocols: [gre], from: [staff], to: [any], owner: o}}\n"
             "rules: [{name: a, action: block}]\n",
             {"t:2:16: 'a' is declared twice; it is a tunnel at t:1:11 already: rename one"}},
        Case{"OpenedByARule",
             "rules: [{name: a, protocols: [ssh, wireguard], action: allow}]\n",
             {"t:1:36: 'wireguard' is a tunnel, and no rule opens one; register it under `tunnels`, or write "
              "action: block"}},
        Case{"BlockedByARule", "rules: [{name: a, protocols: [wireguard], action: block}]\n", {}}),
    name_of);

}  // namespace
}  // namespace sluice::control::test
