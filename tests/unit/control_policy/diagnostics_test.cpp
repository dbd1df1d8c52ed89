// tests: every problem of a policy is reported at its place, with what would be right.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/control_policy/compile_helper.h"

namespace sluice::control::test {
namespace {

class Diagnosed : public testing::TestWithParam<Case> {};

TEST_P(Diagnosed, AtItsPlaceWithWhatIsRight) {
  EXPECT_EQ(problems(GetParam().yaml), GetParam().expected);
}

const std::string kLongName = std::string(64, 'a') + ".example";

INSTANTIATE_TEST_SUITE_P(
    Yaml, Diagnosed,
    testing::Values(
        Case{"OpenBracket",
             "rules: [1\n",
             {"t:2:1: not valid YAML: end of sequence flow not found; check the brackets, quotes and "
              "indentation before it"}},
        Case{"Tab", "mode:\n\tobserve\n", {"t:2:1: a tab in the indentation; indent with spaces"}},
        Case{"Control", "mode: \x01\n", {"t:1:7: a control character; a policy is plain text"}},
        Case{"NotUtf8",
             "# ok\nmode: \xff\n",
             {"t:2:7: a byte that is not UTF-8 text; save the file as UTF-8"}},
        Case{"Twice",
             "mode: observe\nmode: enforce\n",
             {"t:2:1: 'mode' is given twice; it stands at t:1:1 already"}},
        Case{"BareStar",
             "rules:\n  - {name: a, to: [*.x.example], action: block}\n",
             {"t:2:20: YAML aliases are not used in a policy; quote a name that begins with a star: "
              "\"*.example.com\""}},
        Case{"Anchor",
             "mode: &a observe\n",
             {"t:1:7: YAML anchors are not used in a policy; write the value out"}},
        Case{"Tag",
             "mode: !x observe\n",
             {"t:1:7: YAML tags are not used in a policy; write the value alone"}},
        Case{"TwoDocuments",
             "---\nmode: observe\n---\nmode: observe\n",
             {"t:3:1: a second document; keep one document in a file"}},
        Case{"KeyIsList", "[a]: b\n", {"t:1:1: a key that is not a word; write `key: value`"}},
        Case{"RootIsList", "- a\n", {"t:1:1: a policy file is a mapping; begin with `site: my-office`"}},
        Case{"UnknownKey",
             "netwroks: {}\n",
             {"t:1:1: unknown key 'netwroks' in a policy; did you mean `networks`?"}},
        Case{"UnknownKeyFarFromAny",
             "rules: [{name: a, action: block, xyzzyxyzzy: 1}]\n",
             {"t:1:34: unknown key 'xyzzyxyzzy' in a rule; it may have name, direction, from, to, protocols, "
              "ports, action, silent, violation, message or when"}},
        Case{"Empty", "", {}}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    Values, Diagnosed,
    testing::Values(
        Case{"Mode", "mode: enfroce\n", {"t:1:7: `mode` cannot be 'enfroce'; write enforce or observe"}},
        Case{"Reload", "reload: always\n", {"t:1:9: `reload` cannot be 'always'; write on-apply or on-save"}},
        Case{"NoValue", "timezone:\n", {"t:2:1: `timezone` has nothing; write a text"}},
        Case{"EmptyText",
             "timezone: \"\"\n",
             {"t:1:11: `timezone` is empty; write a text, or leave the key out"}},
        Case{"ControlInText",
             "contact: \"a\\nb\"\n",
             {"t:1:10: `contact` has a control character; write it on one line of plain text"}},
        Case{"TwiceOverFiles",
             "site: other\n",
             {"t:1:7: `site` is given twice; it stands at base:1:7 already"}},
        Case{"Situation",
             "unidentified: {ehc: block}\n",
             {"t:1:16: unknown key 'ehc' in `unidentified`; did you mean `ech`?"}},
        Case{"Setting",
             "unidentified: {ech: maybe}\n",
             {"t:1:21: `ech` cannot be 'maybe'; write allow, block, by-address or observe"}},
        Case{"MismatchByAddress",
             "unidentified: {name-mismatch: by-address}\n",
             {"t:1:31: `name-mismatch` cannot be 'by-address'; write allow, block or observe"}},
        Case{"Grace",
             "midstream-grace: 10 minutes\n",
             {"t:1:18: `midstream-grace` cannot be '10 minutes'; write 90s, 10m, 2h or 7d, at most 86400s"}},
        Case{"GraceTooLong",
             "midstream-grace: 25h\n",
             {"t:1:18: `midstream-grace` cannot be '25h'; write 90s, 10m, 2h or 7d, at most 86400s"}},
        Case{"DnstapIsNoMap",
             "dnstap: yes\n",
             {"t:1:9: `dnstap` is written as a single value; write {socket: ...}"}},
        Case{"DnstapHasNoSocket",
             "dnstap: {}\n",
             {"t:1:9: `dnstap` has no `socket`; write dnstap: {socket: /run/sluice/dnstap.sock}"}},
        Case{"DnstapKey",
             "dnstap: {socket: /a, sokcet: /b}\n",
             {"t:1:22: unknown key 'sokcet' in `dnstap`; did you mean `socket`?"}},
        Case{"DnstapRelative",
             "dnstap: {socket: dnstap.sock}\n",
             {"t:1:18: `socket` is the path of a Unix socket; write a path that begins with / and has at "
              "most 107 "
              "bytes"}},
        Case{"DnstapTooLong",
             "dnstap: {socket: /" + std::string(107, 'a') + "}\n",
             {"t:1:18: `socket` is the path of a Unix socket; write a path that begins with / and has at "
              "most 107 "
              "bytes"}},
        Case{"Resolver",
             "resolvers: [10.20.0.0/24]\n",
             {"t:1:13: '10.20.0.0/24' is not an address; write the addresses of the LAN's own DNS servers"}},
        Case{"ResolverOutside",
             "resolvers: [10.9.0.1]\n",
             {"t:1:13: warning: the resolver 10.9.0.1 is in no network, so it is refused; register its "
              "network"}}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    Registers, Diagnosed,
    testing::Values(
        Case{"HostBits",
             "networks: {c: {prefixes: [10.1.2.3/16], line: l}}\n",
             {"t:1:27: '10.1.2.3/16' has host bits set; write 10.1.0.0/16"}},
        Case{"HostBitsV6",
             "offices: {c: {prefixes: [\"fd00::1/64\"]}}\n",
             {"t:1:26: 'fd00::1/64' has host bits set; write fd00::/64"}},
        Case{"PrefixLength",
             "offices: {c: {prefixes: [10.0.0.0/33]}}\n",
             {"t:1:26: '10.0.0.0/33' has no valid length; write /0 to /32 for IPv4, /0 to /128 for IPv6"}},
        Case{"NotAPrefix",
             "offices: {c: {prefixes: [hq]}}\n",
             {"t:1:26: 'hq' is not a prefix; write 10.0.0.0/8 or \"fd00::/8\""}},
        Case{"Mapped",
             "offices: {c: {prefixes: [\"::ffff:0:0/96\"]}}\n",
             {"t:1:26: '::ffff:0:0/96' is IPv4 written as IPv6; write it as IPv4"}},
        Case{"NoPrefixes",
             "networks: {c: {line: l}}\n",
             {"t:1:12: the network 'c' has no `prefixes`; write prefixes: [10.20.0.0/16], or name groups of "
              "users"}},
        Case{"NoLine",
             "networks: {c: {prefixes: [10.1.0.0/16]}}\n",
             {"t:1:12: the network 'c' has no `line`; name a line, or write line: none"}},
        Case{"UndeclaredLine",
             "lines: {iplc-sg: {operator: o, licence: l, contract: c, filing: f, purpose: internal-office, "
             "valid: {from: 2020-01-01, until: 2090-01-01}}}\nnetworks: {c: {prefixes: [10.1.0.0/16], line: "
             "iplc-gs}}\n",
             {"t:2:47: no line is named 'iplc-gs'; did you mean iplc-sg?"}},
        Case{"Vlan",
             "networks: {c: {prefixes: [10.1.0.0/16], line: l, vlans: [4095]}}\n",
             {"t:1:58: '4095' is not a VLAN; write 1 to 4094, or untagged"}},
        Case{"SamePrefix",
             "networks: {c: {prefixes: [10.20.0.0/16], line: l, vlans: [7]}}\n",
             {"t:1:27: 10.20.0.0/16 belongs to the network 'staff' too, and so do its VLANs; it stands at "
              "base:3:31: give each `vlans` of its own, or one a longer prefix"}},
        Case{"PublicAddress",
             "networks: {c: {prefixes: [198.51.100.0/24], line: l}}\n",
             {"t:1:27: 198.51.100.0/24 is public address space, on the LAN side; hosts on the line have "
              "private "
              "addresses; if these must not, write in the network public-reason: why"}},
        Case{"PublicUser",
             "networks: {c: {groups: [g], line: l}}\nusers: {u: {addresses: [198.51.100.7], groups: [g]}}\n",
             {"t:2:25: 198.51.100.7 is public address space, on the LAN side; hosts on the line have private "
              "addresses; if these must not, write in the network public-reason: why"}},
        Case{"PublicReasonEmpty",
             "networks: {c: {prefixes: [10.1.0.0/16], line: l, public-reason: \"\"}}\n",
             {"t:1:65: `public-reason` is empty; write a text, or leave the key out"}},
        Case{"DnsKey",
             "networks: {c: {prefixes: [10.1.0.0/16], line: none, dns: {strip_ech: true}}}\n",
             {"t:1:59: unknown key 'strip_ech' in `dns`; did you mean `strip-ech`?"}},
        Case{"DnsCanaries",
             "networks: {c: {prefixes: [10.1.0.0/16], line: none, dns: {canaries: true}}}\n",
             {"t:1:69: `canaries` cannot be 'true'; write pass or nxdomain"}},
        Case{"DnsStripEch",
             "networks: {c: {prefixes: [10.1.0.0/16], line: none, dns: {strip-ech: always}}}\n",
             {"t:1:70: `strip-ech` cannot be 'always'; write false or true"}},
        Case{"DnsNoMap",
             "networks: {c: {prefixes: [10.1.0.0/16], line: none, dns: nxdomain}}\n",
             {"t:1:58: `dns` is written as a single value; write {canaries: ...}"}},
        Case{"DohWithoutList",
             "rules: [{name: a, protocols: [tls, doh], action: block}]\n",
             {"t:1:36: `doh` needs a list named 'doh-resolvers', of the servers that speak it; declare it: "
              "lists: "
              "{doh-resolvers: {files: [lists/doh-resolvers.names]}}"}},
        Case{"DohPatterns",
             "lists: {doh-resolvers: {patterns: ['dns[0-9]+']}}\nrules: [{name: a, protocols: [doh], action: "
             "block}]\n",
             {"t:1:36: the list 'doh-resolvers' takes no patterns; give it names, files or prefixes"}},
        Case{"DohUsesItsList",
             "lists: {doh-resolvers: {names: [dns.example]}}\nrules: [{name: a, protocols: [doh], action: "
             "block}]\n",
             {}},
        Case{"DeclaredTwice",
             "offices: {staff: {prefixes: [10.64.0.0/12]}}\n",
             {"t:1:11: 'staff' is declared twice; it is a network at base:3:12 already: rename one"}},
        Case{"LineNone",
             "lines: {none: {operator: o, licence: l, contract: c, filing: f, purpose: internal-office, "
             "valid: {from: 2020-01-01, until: 2090-01-01}}}\n",
             {"t:1:9: a line cannot be named none; that word says that a network has no line"}},
        Case{"LineLink",
             "lines: {m: {operator: o, licence: l, contract: c, filing: f, link: [192.0.2.0/30], purpose: "
             "internal-office, valid: {from: 2020-01-01, until: 2090-01-01}}}\n",
             {"t:1:69: '192.0.2.0/30' is not an address; write the addresses of the routers at the line's "
              "two ends"}},
        Case{"LineOver",
             "lines: {m: {operator: o, licence: l, contract: c, filing: f, bandwidth: 2, purpose: "
             "internal-office, valid: {from: 2001-01-01, until: 2001-02-28}}}\n",
             {"t:1:9: warning: the term of the line 'm' is over; renew its contract",
              "t:1:73: `bandwidth` cannot be '2'; write 200M, with K, M or G for a thousand, a million, 10^9 "
              "bits a second"}},
        Case{"LineDates",
             "lines: {m: {operator: o, licence: l, contract: c, filing: f, purpose: internal-office, valid: "
             "{from: 2021-02-29}}}\n",
             {"t:1:95: `valid` has no `until`; write {from: 2026-04-01, until: 2027-03-31}",
              "t:1:102: `from` cannot be '2021-02-29'; write a day that exists, as 2026-04-01"}},
        Case{"LineBare",
             "lines: {m: {purpose: fun}}\n",
             {"t:1:9: warning: the line 'm' has no operator, licence, contract, filing, valid; an auditor "
              "will ask for it",
              "t:1:22: `purpose` cannot be 'fun'; write internal-office"}},
        Case{"BadWord",
             "offices: {h.q: {prefixes: [10.64.0.0/12]}}\n",
             {"t:1:11: 'h.q' cannot be a name here; use letters, digits, - and _, beginning with a letter or "
              "a digit"}}),
    name_of);

/// A rule that uses list a.
const std::string kListUse = "rules: [{name: a, to: [a], action: block}]\n";

INSTANTIATE_TEST_SUITE_P(
    Lists, Diagnosed,
    testing::Values(
        Case{"Format",
             "lists: {a: {files: [], format: xml}}\n" + kListUse,
             {"t:1:20: `files` is an empty list; leave the key out",
              "t:1:32: `format` cannot be 'xml'; write names, hosts, adblock, dnsmasq, rpz, prefixes or "
              "microsoft365"}},
        Case{"NoInternationalisedName",
             "lists: {a: {names: [\"-b\xc3\xbc"
             "cher.example\"]}}\n" +
                 kListUse,
             {"t:1:21: the name '-b\xc3\xbc"
              "cher.example' is no internationalised name (string start/ends with forbidden hyphen); write "
              "its "
              "A-labels (xn--...)"}},
        Case{"LoneStar",
             "lists: {a: {names: [\"*\"]}}\n" + kListUse,
             {"t:1:21: the name '*' has stars where none may stand; write \"*.example.com\" or "
              "\"cdn*.example.com\", with at most 4 stars"}},
        Case{"TooManyStars",
             "lists: {a: {names: [a*b*c*d*e*.example]}}\n" + kListUse,
             {"t:1:21: the name 'a*b*c*d*e*.example' has stars where none may stand; write \"*.example.com\" "
              "or "
              "\"cdn*.example.com\", with at most 4 stars"}},
        Case{"LongLabel",
             "lists: {a: {names: [" + kLongName + "]}}\n" + kListUse,
             {"t:1:21: the name '" + kLongName +
              "' has a label of more than 63 bytes; no such name can be asked for"}},
        Case{"EmptyLabel",
             "lists: {a: {names: [a..example]}}\n" + kListUse,
             {"t:1:21: the name 'a..example' has an empty label; write example.com, \"=example.com\" or "
              "\"*.example.com\""}},
        Case{"AddressAsName",
             "lists: {a: {names: [192.0.2.1]}}\n" + kListUse,
             {"t:1:21: the name '192.0.2.1' is an address or a number, not a name; addresses belong under "
              "`prefixes:`"}},
        Case{"Url",
             "lists: {a: {names: [\"https://x.example/\"]}}\n" + kListUse,
             {"t:1:21: the name 'https://x.example/' has a character that no host name has; write "
              "example.com, \"=example.com\" or \"*.example.com\""}},
        Case{"NotAList",
             "lists: {a: {names: x.example}}\n" + kListUse,
             {"t:1:20: `names` has a single value; write [x.example]"}},
        Case{"Nothing",
             "lists: {a: {}}\n" + kListUse,
             {"t:1:9: the list 'a' has nothing in it; give it names, files, a url, patterns, keywords or "
              "prefixes"}},
        Case{"Unused",
             "lists: {a: {names: [x.example]}}\n",
             {"t:1:9: warning: no rule uses the list 'a'; name it in a rule, or leave it out"}},
        Case{"NoFile",
             "lists: {a: {files: [gone.names]}}\n" + kListUse,
             {"t:1:21: cannot read 'gone.names': No such file or directory; a path counts from the policy's "
              "directory"}},
        Case{"FormatAlone",
             "lists: {a: {names: [x.example], format: hosts}}\n" + kListUse,
             {"t:1:41: `format` without `files` or `url`; write files: [lists/my.names], or leave it out"}},
        Case{"PatternSyntax",
             "lists: {a: {patterns: ['a', '(b']}}\n" + kListUse,
             {"t:1:29: the pattern '(b' is refused by Hyperscan: Missing close parenthesis for group started "
              "at index 0.; write a Hyperscan expression on the host name, as '(^|\\.)bet[0-9]+\\.'"}},
        Case{"PatternEmpty",
             "lists: {a: {patterns: ['a*']}}\n" + kListUse,
             {"t:1:24: the pattern 'a*' matches the empty name, and so every name; write a Hyperscan "
              "expression on the host name, as '(^|\\.)bet[0-9]+\\.'"}},
        Case{"PatternAll",
             "lists: {a: {patterns: ['.+']}}\n" + kListUse,
             {"t:1:24: the pattern '.+' matches every name; write a Hyperscan expression on the host name, "
              "as '(^|\\.)bet[0-9]+\\.'"}},
        Case{"PatternRepeats",
             "lists: {a: {patterns: ['(a{1,900}b){500}c']}}\n" + kListUse,
             {"t:1:24: the pattern '(a{1,900}b){500}c' grows beyond 1000 characters when its repeats are "
              "written out; write a Hyperscan expression on the host name, as '(^|\\.)bet[0-9]+\\.'"}},
        Case{"PatternTooLong",
             "lists: {a: {patterns: ['a{254}']}}\n" + kListUse,
             {"t:1:24: the pattern 'a{254}' matches no name: it needs more than 253 bytes; write a Hyperscan "
              "expression on the host name, as '(^|\\.)bet[0-9]+\\.'"}},
        Case{"PatternTooLarge",
             "lists: {a: {patterns: [good, '(a.{1,10}){60}b', bad]}}\n" + kListUse,
             {"t:1:30: the pattern '(a.{1,10}){60}b' is refused by Hyperscan: Pattern is too large.; write "
              "a Hyperscan expression on the host name, as '(^|\\.)bet[0-9]+\\.'"}}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    Rules, Diagnosed,
    testing::Values(
        Case{"NotAList",
             "rules: {a: b}\n",
             {"t:1:8: `rules` is not a list; begin each rule with a dash: - {name: ..., ...}"}},
        Case{"NotAMap", "rules: [a]\n", {"t:1:9: a rule is written as a single value; write {name: ...}"}},
        Case{"NoName",
             "rules: [{action: block}]\n",
             {"t:1:9: a rule without `name`; write {name: no-malware, ...}: the log shows it"}},
        Case{"NoAction",
             "rules: [{name: a}]\n",
             {"t:1:9: a rule without `action`; write action: allow, block or observe"}},
        Case{"NameTwice",
             "rules: [{name: a, action: block}, {name: a, action: block}]\n",
             {"t:1:42: 'a' is declared twice; it is a rule at t:1:16 already: rename one"}},
        Case{"UndeclaredWord",
             "rules: [{name: a, from: [stuff], action: block}]\n",
             {"t:1:26: no network, office or list is named 'stuff'; did you mean staff?"}},
        Case{"UndeclaredFar",
             "rules: [{name: a, to: [localhost], action: block}]\n",
             {"t:1:24: no network, office or list is named 'localhost'; declare it; a name to be taken as it "
              "stands has a dot"}},
        Case{"NameInFrom",
             "rules: [{name: a, from: [x.example], action: block}]\n",
             {"t:1:26: 'x.example' is a name, and a source is known by its address only; write a network, an "
              "office, a list or a prefix"}},
        Case{"ListInFrom",
             "lists: {b: {names: [x.example]}}\nrules: [{name: a, from: [b], action: block}]\n",
             {"t:2:26: the list 'b' has no prefixes, and a source is known by its address only; give it "
              "prefixes"}},
        Case{"LiteralHostBits",
             "rules: [{name: a, to: [192.0.2.1/24], action: block}]\n",
             {"t:1:24: '192.0.2.1/24' has host bits set; write 192.0.2.0/24"}},
        Case{"NetworkOnTheWrongSide",
             "rules: [{name: a, to: [staff], action: block}]\n",
             {"t:1:24: warning: the network 'staff' is on the LAN side, so this never matches; did you mean "
              "direction: inbound?"}},
        Case{"Port",
             "rules: [{name: a, ports: [tcp/0, tcp/9-8, sctp/1, udp/65536], action: block}]\n",
             {"t:1:27: 'tcp/0' is not a port; write tcp/515, udp/53, 443 or tcp/8000-8100",
              "t:1:34: 'tcp/9-8' is not a port; write tcp/515, udp/53, 443 or tcp/8000-8100",
              "t:1:43: 'sctp/1' is not a port; write tcp/515, udp/53, 443 or tcp/8000-8100",
              "t:1:51: 'udp/65536' is not a port; write tcp/515, udp/53, 443 or tcp/8000-8100"}},
        Case{"Protocol",
             "rules: [{name: a, protocols: [sshd], action: block}]\n",
             {"t:1:31: `protocols` cannot be 'sshd'; write unknown, tls, quic, http, h2c, dns, dot, doh, "
              "dtls, "
              "stun, ntp, ssh, rdp, smb, sip, socks, wireguard, openvpn, ipsec, l2tp, pptp, teredo, geneve, "
              "gtp, gre, ipip, 6in4 or vxlan"}},
        Case{"Direction",
             "rules: [{name: a, direction: both, action: block}]\n",
             {"t:1:30: `direction` cannot be 'both'; write outbound or inbound"}},
        Case{"Bool",
             "rules: [{name: a, silent: yes, action: block}]\n",
             {"t:1:27: `silent` cannot be 'yes'; write false or true"}},
        Case{"SilentAllow",
             "rules: [{name: a, silent: true, action: allow}]\n",
             {"t:1:27: `silent` says how to block, but the action is allow; leave it out, or write action: "
              "block"}},
        Case{"AnyIsDeclared",
             "lists: {any: {names: [x.example]}}\nrules: [{name: a, to: [any], action: block}]\n",
             {"t:1:9: warning: no rule uses the list 'any'; name it in a rule, or leave it out",
              "t:2:24: 'any' stands for anything, but is declared as well; rename what is declared"}}),
    name_of);

std::vector<std::string> texts_of(const Diagnostics& diagnostics) {
  std::vector<std::string> out;
  for (const Diagnostic& diagnostic : diagnostics) out.push_back(to_string(diagnostic));
  return out;
}

TEST(Diagnostics, AllProblemsOfAllFilesComeAtOnceInOrder) {
  const Compiled compiled = compile({{"a", "mode: x\nnetworks: {n: {prefixes: [10.1.2.3/8], line: l}}\n"},
                                     {"b", "rules:\n  - {name: r, to: [q], action: bolck}\n"}});
  EXPECT_FALSE(compiled.policy);
  EXPECT_EQ(texts_of(compiled.diagnostics),
            (std::vector<std::string>{"dir: the policy has no `site`; write site: my-office",
                                      "a:1:7: `mode` cannot be 'x'; write enforce or observe",
                                      "a:2:27: '10.1.2.3/8' has host bits set; write 10.0.0.0/8",
                                      "a:2:46: no line is named 'l'; declare it under `lines`, or write none",
                                      "b:2:20: no network, office or list is named 'q'; did you mean n?",
                                      "b:2:32: `action` cannot be 'bolck'; write allow, block or observe"}));
}

TEST(Diagnostics, FileThatCannotBeParsedCausesNoFollowUps) {
  const Compiled compiled =
      compile({{"a", "site: [\n"}, {"b", "rules:\n  - {name: r, to: [list-in-a], action: block}\n"}});
  EXPECT_FALSE(compiled.policy);
  EXPECT_EQ(compiled.diagnostics.size(), 1u);
}

TEST(Diagnostics, TooManyAreCounted) {
  std::string yaml = "lists:\n  a:\n    names:\n";
  for (size_t i = 0; i < Report::kMaxErrors + 5; ++i) yaml += "    - a..b\n";
  const Compiled compiled = compile({{"base", std::string(kBase)}, {"t", yaml}});
  const auto errors = std::ranges::count(compiled.diagnostics, Severity::Error, &Diagnostic::severity);
  EXPECT_EQ(errors, static_cast<ptrdiff_t>(Report::kMaxErrors) + 1);
  EXPECT_TRUE(std::ranges::any_of(compiled.diagnostics,
                                  [](const auto& d) { return d.what == "and 5 more problems"; }));
}

TEST(Diagnostics, QuotesAreCutAtWholeCharacters) {
  std::string word(79, 'a');
  word += "\xc3\xbc\xc3\xbc";
  EXPECT_EQ(in_quotes(word), "'" + std::string(79, 'a') + "...'");
  EXPECT_EQ(in_quotes("a\nb\xff"), "'a?b?'");
}

TEST(Diagnostics, NearestCountsASwapAsOneEdit) {
  static constexpr std::string_view kWords[] = {"lines", "lists", "rules"};
  EXPECT_EQ(nearest("lsits", kWords), "lists");
  EXPECT_EQ(nearest("rule", kWords), "rules");
  EXPECT_EQ(nearest("completely", kWords), "");
}

}  // namespace
}  // namespace sluice::control::test
