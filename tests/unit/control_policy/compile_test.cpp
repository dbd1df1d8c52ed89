// tests: what a policy compiles to, read back from the image.
#include <gtest/gtest.h>
#include <hs/hs.h>
#include <netinet/in.h>

#include "tests/unit/control_policy/compile_helper.h"
#include "tests/unit/control_policy/image_reader.h"

namespace sluice::control::test {
namespace {

using Words = std::set<std::string>;

/// A compiled policy and its reader. The base is kBase unless given.
struct Built {
  explicit Built(const std::string& text, const Files& files = {}, std::string_view base = kBase)
      : compiled(compile({{"base", std::string(base)}, {"t", text}}, files)) {
    for (const Diagnostic& diagnostic : compiled.diagnostics) {
      EXPECT_EQ(diagnostic.severity, Severity::Warning) << to_string(diagnostic);
    }
    if (compiled.policy) {
      EXPECT_EQ(reader().broken_promise(), "");
    }
  }
  ImageReader reader() const { return ImageReader(compiled.policy->image()); }
  Compiled compiled;
};

TEST(CompiledPolicy, HeaderAndSiteAreAsGiven) {
  const Built built(
      "mode: observe\ncontact: desk\ndnstap: {socket: /run/x.sock}\nmidstream-grace: 90s\nreload: "
      "on-save\ntimezone: Asia/Shanghai\n");
  ASSERT_TRUE(built.compiled.policy);
  const ImageReader image = built.reader();
  EXPECT_EQ(image.header().generation, 7u);
  EXPECT_EQ(image.text(image.site().site), "office");
  EXPECT_EQ(image.text(image.site().contact), "desk");
  EXPECT_EQ(image.text(image.site().dnstap), "/run/x.sock");
  EXPECT_EQ(image.site().observe, 1);
  EXPECT_EQ(image.site().midstream_grace_s, 90u);
  EXPECT_EQ(image.site().rule_words, 0u);
  EXPECT_TRUE(built.compiled.policy->reload_on_save);
  EXPECT_EQ(built.compiled.policy->site, "office");
  EXPECT_EQ(built.compiled.policy->sources, (std::vector<std::string>{"base", "t"}));
  EXPECT_EQ(reinterpret_cast<uintptr_t>(built.compiled.policy->image().data()) % kSectionAlign, 0u);
}

TEST(CompiledPolicy, DefaultsAreTheDesigns) {
  const Built built("");
  const ImageReader image = built.reader();
  EXPECT_EQ(image.site().observe, 0);
  EXPECT_EQ(image.site().midstream_grace_s, 600u);
  EXPECT_FALSE(built.compiled.policy->reload_on_save);
  const NetworkInfo& network = image.section<NetworkInfo>(Section::Networks)[0];
  const auto setting = [&](Situation situation) {
    return static_cast<Setting>(network.unidentified[static_cast<size_t>(situation)]);
  };
  EXPECT_EQ(setting(Situation::NoName), Setting::ByAddress);
  EXPECT_EQ(setting(Situation::Ech), Setting::Block);
  EXPECT_EQ(setting(Situation::UnknownProtocol), Setting::ByAddress);
  EXPECT_EQ(setting(Situation::Midstream), Setting::Allow);
  EXPECT_EQ(setting(Situation::NameMismatch), Setting::Observe);
  EXPECT_EQ(setting(Situation::LogFull), Setting::Block);
}

TEST(CompiledPolicy, DnsSettingsAreEachNetworksOwn) {
  const Built built(
      "networks:\n"
      "  a: {prefixes: [10.1.0.0/16], line: none, dns: {canaries: nxdomain}}\n"
      "  b: {prefixes: [10.2.0.0/16], line: none, dns: {canaries: pass, strip-ech: true}}\n");
  const auto networks = built.reader().section<NetworkInfo>(Section::Networks);
  const auto settings = [&](size_t index) {
    return std::pair(int{networks[index].canaries}, int{networks[index].strip_ech});
  };
  const size_t count = networks.size();
  EXPECT_EQ(settings(0), std::pair(0, 0));
  EXPECT_EQ(settings(count - 2), std::pair(1, 0));
  EXPECT_EQ(settings(count - 1), std::pair(0, 1));
}

TEST(CompiledPolicy, DohIsWhatItsListSays) {
  EXPECT_EQ(Built("").reader().site().doh_list, kNone16);
  const Built built(
      "lists: {a: {names: [a.example]}, doh-resolvers: {names: [dns.example]}}\n"
      "rules: [{name: r, to: [a], protocols: [doh, dot], action: block}]\n");
  const ImageReader image = built.reader();
  const RuleInfo& rule = image.section<RuleInfo>(Section::Rules)[0];
  EXPECT_EQ(rule.protocols,
            uint64_t{1} << static_cast<int>(Protocol::Doh) | uint64_t{1} << static_cast<int>(Protocol::Dot));
  EXPECT_EQ(image.site().doh_list, 1);
}

TEST(CompiledPolicy, UnidentifiedIsCopiedToEachNetwork) {
  const Built built(
      "unidentified: {ech: allow, fragment: by-address, name-mismatch: block}\n"
      "networks: {c: {prefixes: [10.1.0.0/16], line: none}}\n");
  for (const NetworkInfo& network : built.reader().section<NetworkInfo>(Section::Networks)) {
    EXPECT_EQ(network.unidentified[static_cast<size_t>(Situation::Ech)],
              static_cast<uint8_t>(Setting::Allow));
    EXPECT_EQ(network.unidentified[static_cast<size_t>(Situation::Fragment)],
              static_cast<uint8_t>(Setting::ByAddress));
    EXPECT_EQ(network.unidentified[static_cast<size_t>(Situation::NameMismatch)],
              static_cast<uint8_t>(Setting::Block));
  }
}

TEST(CompiledPolicy, NetworksKeepLineDefaultAndVlans) {
  const Built built(
      "networks:\n"
      "  fin: {prefixes: [10.20.8.0/21], vlans: [28, untagged, 7, 28], line: l}\n"
      "  guests: {prefixes: [10.99.0.0/16], line: none, default: observe}\n");
  const ImageReader image = built.reader();
  const auto networks = image.section<NetworkInfo>(Section::Networks);
  ASSERT_EQ(networks.size(), 3u);
  EXPECT_EQ(image.text(networks[1].name), "fin");
  EXPECT_EQ(networks[1].line, 0);
  EXPECT_EQ(networks[1].fallback, static_cast<uint8_t>(Setting::Block));
  const auto vlans =
      image.section<uint16_t>(Section::Vlans).subspan(networks[1].first_vlan, networks[1].vlan_count);
  EXPECT_EQ(std::vector(vlans.begin(), vlans.end()), (std::vector<uint16_t>{0, 7, 28}));
  EXPECT_EQ(networks[2].line, kNone16);
  EXPECT_EQ(networks[2].fallback, static_cast<uint8_t>(Setting::Observe));
  EXPECT_EQ(image.text(image.section<LineInfo>(Section::Lines)[0].name), "l");
}

TEST(NameSets, AreClosedOverParents) {
  const Built built(
      "lists:\n"
      "  both: {names: [Example.COM.]}\n"
      "  self: {names: [=www.example.com, =example.com]}\n"
      "  below: {names: ['*.www.example.com', '*.example.com']}\n"
      "  top: {names: [com]}\n"
      "rules: [{name: r, to: [both, self, below, top], action: block}]\n");
  const ImageReader image = built.reader();
  EXPECT_EQ(image.lists_of_name("example.com"), (Words{"both", "self", "top"}));
  EXPECT_EQ(image.lists_of_name("a.example.com"), (Words{"both", "below", "top"}));
  EXPECT_EQ(image.lists_of_name("www.example.com"), (Words{"both", "below", "self", "top"}));
  EXPECT_EQ(image.lists_of_name("x.y.www.example.com"), (Words{"both", "below", "top"}));
  EXPECT_EQ(image.lists_of_name("com"), (Words{"top"}));
  EXPECT_EQ(image.lists_of_name("notexample.com"), (Words{"top"}));
  EXPECT_EQ(image.lists_of_name("example.net"), Words{});
  EXPECT_EQ(built.compiled.policy->names, 3u);
}

TEST(NameSets, AreInterned) {
  std::string text = "lists:\n  a: {names: [";
  for (int i = 0; i < 500; ++i) text += "n" + std::to_string(i) + ".example, ";
  const Built built(text + "z.example]}\nrules: [{name: r, to: [a], action: block}]\n");
  EXPECT_EQ(built.reader().sets(), 2u);
  EXPECT_EQ(built.compiled.policy->names, 501u);
}

TEST(NameTable, HoldsManyNamesAndFindsEach) {
  std::string names;
  for (int i = 0; i < 20000; ++i) names += "host" + std::to_string(i * 7919) + ".example\n";
  const Built built("lists: {a: {files: [a.names]}}\nrules: [{name: r, to: [a], action: block}]\n",
                    {{"dir/a.names", names}});
  const ImageReader image = built.reader();
  EXPECT_EQ(built.compiled.policy->names, 20000u);
  for (int i = 0; i < 20000; ++i) {
    const std::string name = "host" + std::to_string(i * 7919) + ".example";
    ASSERT_NE(image.set_of_name(name), 0u) << name;
    ASSERT_EQ(image.set_of_name("x" + name), 0u);
    ASSERT_NE(image.set_of_name("www." + name), 0u);
  }
  EXPECT_EQ(built.compiled.policy->sources.back(), "dir/a.names");
}

TEST(AddressRanges, AreClosedAndLongestNetworkFirst) {
  const Built built(
      "networks:\n"
      "  fin: {prefixes: [10.20.8.0/21], line: l}\n"
      "  one: {prefixes: [10.20.8.7], line: l}\n"
      "  tagged: {prefixes: [10.21.0.0/16], vlans: [5], line: l}\n"
      "  tagged2: {prefixes: [10.21.0.0/16], vlans: [6], line: l}\n"
      "lists:\n"
      "  wide: {prefixes: [10.0.0.0/8]}\n"
      "  narrow: {prefixes: [10.20.8.0/24, 203.0.113.255/32]}\n"
      "resolvers: [10.20.8.7]\n"
      "rules: [{name: r, to: [wide, narrow], action: block}]\n");
  const ImageReader image = built.reader();
  EXPECT_EQ(image.networks_of(address("10.20.7.255")), "staff");
  EXPECT_EQ(image.networks_of(address("10.20.8.0")), "fin staff");
  EXPECT_EQ(image.networks_of(address("10.20.8.7")), "one fin staff");
  EXPECT_EQ(image.networks_of(address("10.20.8.8")), "fin staff");
  EXPECT_EQ(image.networks_of(address("10.20.16.0")), "staff");
  EXPECT_EQ(image.networks_of(address("10.21.0.0")), "tagged tagged2");
  EXPECT_EQ(image.networks_of(address("10.22.0.0")), "");
  EXPECT_EQ(image.lists_of_address(address("10.20.8.9")), (Words{"wide", "narrow"}));
  EXPECT_EQ(image.lists_of_address(address("10.20.9.0")), (Words{"wide"}));
  EXPECT_EQ(image.lists_of_address(address("11.0.0.0")), Words{});
  EXPECT_EQ(image.lists_of_address(address("9.255.255.255")), Words{});
  EXPECT_EQ(image.lists_of_address(address("203.0.113.255")), (Words{"narrow"}));
  EXPECT_EQ(image.lists_of_address(address("203.0.114.0")), Words{});
  EXPECT_EQ(image.class_of(address("10.20.8.7")).resolver, 1);
  EXPECT_EQ(image.class_of(address("10.20.8.6")).resolver, 0);
}

TEST(AddressRanges, Ipv6PrefixAroundTheMappedBlockLeavesIpv4Alone) {
  const Built built(
      "lists:\n  six: {prefixes: ['::/0']}\n  zero: {prefixes: ['::/64', 'ffff::/16']}\n"
      "  four: {prefixes: [0.0.0.0/0]}\n"
      "rules: [{name: r, to: [six, zero, four], action: block}]\n");
  const ImageReader image = built.reader();
  EXPECT_EQ(image.lists_of_address(address("192.0.2.1")), (Words{"four"}));
  EXPECT_EQ(image.lists_of_address(address("255.255.255.255")), (Words{"four"}));
  EXPECT_EQ(image.lists_of_address(address("::1")), (Words{"six", "zero"}));
  EXPECT_EQ(image.lists_of_address(address("::1:0:0:0")), (Words{"six", "zero"}));
  EXPECT_EQ(image.lists_of_address(address("2001:db8::1")), (Words{"six"}));
  EXPECT_EQ(image.lists_of_address(address("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")),
            (Words{"six", "zero"}));
}

TEST(AddressRanges, NothingSaidIsTheNetworksAndWhatIsKnownWithoutAPolicy) {
  const Built built("");
  const ImageReader image = built.reader();
  // Private space and groups, and what lies between them.
  EXPECT_EQ(image.section<Address>(Section::AddressStarts).size(), 24u);
  EXPECT_EQ(image.networks_of(address("::")), "");
  EXPECT_EQ(image.networks_of(address("10.20.255.255")), "staff");
}

TEST(RuleRows, ATunnelIsARuleForEachDirectionBeforeAllOthers) {
  const Built built(
      "offices: {hq: {prefixes: [10.64.0.0/12]}}\n"
      "rules: [{name: r, action: allow}]\n"
      "tunnels:\n"
      "  vpn: {protocols: [ipsec], from: [staff], to: [hq], owner: o}\n"
      "  link: {protocols: [gre], from: [10.20.0.1], to: [any], owner: o, inspect: true}\n");
  const ImageReader image = built.reader();
  const auto rules = image.section<RuleInfo>(Section::Rules);
  ASSERT_EQ(rules.size(), 5u);
  EXPECT_EQ(image.text(rules[0].name), "vpn");
  EXPECT_EQ(image.text(rules[1].name), "vpn");
  EXPECT_EQ(rules[1].protocols, uint64_t{1} << static_cast<int>(Protocol::IpSec));
  EXPECT_EQ(rules[1].tunnel, static_cast<uint8_t>(TunnelRule::Registered));
  EXPECT_EQ(rules[2].tunnel, static_cast<uint8_t>(TunnelRule::Opened));
  EXPECT_EQ(image.text(rules[4].name), "r");
  EXPECT_EQ(rules[4].tunnel, static_cast<uint8_t>(TunnelRule::No));

  const auto row = [&](uint32_t index) {
    std::string out;
    for (size_t r = 0; r < 5; ++r) out += image.bit(index, r) ? '1' : '0';
    return out;
  };
  EXPECT_EQ(row(static_cast<uint32_t>(RuleRow::AnyFrom)), "00011");
  EXPECT_EQ(row(static_cast<uint32_t>(RuleRow::AnyTo)), "00101");
  EXPECT_EQ(row(static_cast<uint32_t>(RuleRow::Outbound)), "10101");
  EXPECT_EQ(row(static_cast<uint32_t>(RuleRow::Inbound)), "01010");
  const auto sets = static_cast<uint32_t>(image.section<SetInfo>(Section::Sets).size());
  EXPECT_EQ(row(row_from_network(sets, 0)), "10000");
  EXPECT_EQ(row(row_to_network(sets, 0)), "01000");
}

TEST(RuleRows, SayWhatEachRuleTakes) {
  const Built built(
      "offices: {hq: {prefixes: [10.64.0.0/12]}}\n"
      "lists: {bad: {names: [bad.example], patterns: [evil]}, hosts: {prefixes: [203.0.113.0/24]}}\n"
      "rules:\n"
      "- {name: r0, to: [bad, lit.example], action: block, silent: true, violation: true}\n"
      "- {name: r1, direction: inbound, from: [hq], to: [staff], ports: [tcp/515, 53, udp/10-20], action: "
      "allow}\n"
      "- {name: r2, from: [staff, 10.20.0.9], to: [any], protocols: [tls, dns], action: observe}\n"
      "- {name: r3, from: [hosts], to: [LIT.example], action: block}\n");
  const ImageReader image = built.reader();
  const auto rules = image.section<RuleInfo>(Section::Rules);
  ASSERT_EQ(rules.size(), 4u);
  EXPECT_EQ(image.text(rules[0].name), "r0");
  EXPECT_TRUE(rules[0].silent && rules[0].violation);
  EXPECT_EQ(rules[2].protocols, uint64_t{1} << 1 | uint64_t{1} << 5);
  EXPECT_EQ(rules[2].action, static_cast<uint8_t>(RuleAction::Observe));
  const auto ports =
      image.section<PortRange>(Section::Ports).subspan(rules[1].first_port, rules[1].port_count);
  ASSERT_EQ(ports.size(), 4u);
  EXPECT_TRUE(ports[0].transport == IPPROTO_TCP && ports[0].first == 515 && ports[0].last == 515);
  EXPECT_TRUE(ports[1].transport == IPPROTO_TCP && ports[2].transport == IPPROTO_UDP && ports[2].last == 53);
  EXPECT_TRUE(ports[3].transport == IPPROTO_UDP && ports[3].first == 10 && ports[3].last == 20);

  const auto row = [&](uint32_t index) {
    std::string out;
    for (size_t r = 0; r < 4; ++r) out += image.bit(index, r) ? '1' : '0';
    return out;
  };
  EXPECT_EQ(row(static_cast<uint32_t>(RuleRow::AnyFrom)), "1000");
  EXPECT_EQ(row(static_cast<uint32_t>(RuleRow::AnyTo)), "0010");
  EXPECT_EQ(row(static_cast<uint32_t>(RuleRow::Outbound)), "1011");
  EXPECT_EQ(row(static_cast<uint32_t>(RuleRow::Inbound)), "0100");
  EXPECT_EQ(row(row_to_set(image.set_of_name("bad.example"))), "1000");
  EXPECT_EQ(row(row_to_set(image.set_of_name("a.lit.example"))), "1001");
  EXPECT_EQ(row(row_to_set(0)), "0000");
  EXPECT_EQ(row(row_from_set(image.class_of(address("10.64.0.1")).set)), "0100");
  EXPECT_EQ(row(row_from_set(image.class_of(address("203.0.113.9")).set)), "0001");
  EXPECT_EQ(row(row_from_set(image.class_of(address("10.20.0.9")).set)), "0010");
  EXPECT_EQ(row(row_to_set(image.class_of(address("10.20.0.9")).set)), "0000");
  EXPECT_EQ(row(row_from_network(image.sets(), 0)), "0010");
  EXPECT_EQ(row(row_to_network(image.sets(), 0)), "0100");
  EXPECT_EQ(row(row_to_list(image.sets(), 1, 0)), "1000");
  // Lists, the office, then the literals, each once.
  std::vector<std::string> lists;
  for (const ListInfo& list : image.section<ListInfo>(Section::Lists)) lists.push_back(image.text(list.name));
  EXPECT_EQ(lists, (std::vector<std::string>{"bad", "hosts", "hq", "lit.example", "10.20.0.9"}));
}

TEST(RuleRows, SpanSeveralWords) {
  std::string text = "rules:\n";
  for (int i = 0; i < 130; ++i) {
    text += "- {name: r" + std::to_string(i) + ", to: [n" + std::to_string(i % 13) +
            ".example], action: block}\n";
  }
  const Built built(text);
  const ImageReader image = built.reader();
  EXPECT_EQ(image.site().rule_words, 3u);
  for (size_t r = 0; r < 130; ++r) {
    EXPECT_EQ(image.bit(row_to_set(image.set_of_name("n3.example")), r), r % 13 == 3) << r;
    EXPECT_TRUE(image.bit(RuleRow::AnyFrom, r));
  }
}

TEST(Patterns, DatabaseMatchesAndNamesItsList) {
  const Built built(
      "lists: {a: {names: [x.example]}, b: {patterns: ['(^|\\.)bet[0-9]{3,}\\.', 'poker']}}\n"
      "rules: [{name: r, to: [a, b], action: block}]\n");
  const ImageReader image = built.reader();
  const auto lists = image.section<uint16_t>(Section::PatternLists);
  EXPECT_EQ(std::vector(lists.begin(), lists.end()), (std::vector<uint16_t>{1, 1}));
  const auto bytes = image.section<char>(Section::PatternDatabase);
  hs_database_t* database = nullptr;
  ASSERT_EQ(hs_deserialize_database(bytes.data(), bytes.size(), &database), HS_SUCCESS);
  hs_scratch_t* scratch = nullptr;
  ASSERT_EQ(hs_alloc_scratch(database, &scratch), HS_SUCCESS);
  const auto matches = [&](std::string_view name) {
    std::set<unsigned> ids;
    const auto take = [](unsigned id, unsigned long long, unsigned long long, unsigned, void* out) {
      static_cast<std::set<unsigned>*>(out)->insert(id);
      return 0;
    };
    EXPECT_EQ(hs_scan(database, name.data(), static_cast<unsigned>(name.size()), 0, scratch, take, &ids),
              HS_SUCCESS);
    return ids;
  };
  EXPECT_EQ(matches("www.bet365.example"), (std::set<unsigned>{0}));
  EXPECT_EQ(matches("POKER.bet365.example"), (std::set<unsigned>{0, 1}));
  EXPECT_EQ(matches("alphabet365.example"), std::set<unsigned>{});
  hs_free_scratch(scratch);
  hs_free_database(database);
}

TEST(CompiledPolicy, FilesAreMergedInOrder) {
  const Compiled compiled =
      compile({{"1", std::string(kBase) + "rules: [{name: a, action: allow}]\n"},
               {"2", "networks: {two: {prefixes: [10.2.0.0/16], line: l}}\n"},
               {"3", "rules: [{name: b, from: [two], action: block}]\nmode: observe\n"}});
  ASSERT_TRUE(compiled.policy);
  const ImageReader image(compiled.policy->image());
  EXPECT_EQ(image.text(image.section<RuleInfo>(Section::Rules)[0].name), "a");
  EXPECT_EQ(image.text(image.section<RuleInfo>(Section::Rules)[1].name), "b");
  EXPECT_EQ(image.networks(), 2u);
  EXPECT_EQ(compiled.policy->rules, 2u);
  EXPECT_EQ(compiled.policy->networks, 2u);
}

TEST(CompiledPolicy, SeedDiffersEachTime) {
  EXPECT_NE(Built("").reader().site().name_seed, Built("").reader().site().name_seed);
}

}  // namespace
}  // namespace sluice::control::test
