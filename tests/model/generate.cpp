// tests: model: random policies whose names and addresses collide on purpose.
#include "tests/model/generate.h"

#include <algorithm>
#include <set>

#include "tests/model/chance.h"
#include "tests/model/model.h"
#include "tests/model/names.h"

namespace sluice::model {
namespace {

const Words kSituations = {"no-name",         "ech",        "incomplete-hello", "undecodable-quic",
                           "unparsable-http", "midstream",  "unknown-protocol", "name-mismatch",
                           "fragment",        "table-full", "log-full"};
const Words kTunnels = {"socks", "wireguard", "openvpn", "ipsec", "l2tp", "pptp", "teredo", "geneve", "gtp"};
const Words kOpenable = {"gre", "ipip", "6in4", "vxlan"};
const Words kZones = {"UTC", "Asia/Shanghai", "Europe/Berlin", "America/New_York", "Asia/Kolkata"};
const Words kVlans = {"untagged", "1", "7", "28", "4094"};

class Generator {
 public:
  explicit Generator(uint64_t seed) : chance_(seed) {}

  World make() {
    site();
    for (size_t i = 0, n = 1 + chance_.below(6); i < n; ++i) network(i);
    for (size_t i = chance_.below(3); i-- > 0;) world_.resolvers.push_back(random_address(chance_));
    for (size_t i = 0, n = chance_.below(3); i < n; ++i)
      world_.offices.push_back({"office-" + std::to_string(i), prefixes(1 + chance_.below(3))});
    for (size_t i = 0, n = chance_.below(7); i < n; ++i) list("list-" + std::to_string(i));
    if (chance_.one_in(2)) list("doh-resolvers");
    for (size_t i = 0, n = chance_.below(3); i < n; ++i) tunnel(i);
    for (size_t i = 0, n = chance_.below(4); i < n; ++i) schedule(i);
    // Now and then more rules than a word of bits holds.
    for (size_t i = 0, n = chance_.one_in(8) ? 60 + chance_.below(80) : chance_.below(12); i < n; ++i)
      world_.rules.push_back(rule("rule-" + std::to_string(i)));
    for (size_t i = 0, n = chance_.below(4); i < n; ++i) exception(i);
    return std::move(world_);
  }

 private:
  void site() {
    world_.observe = chance_.one_in(6);
    if (chance_.one_in(2)) world_.timezone = chance_.of(kZones);
    if (chance_.one_in(2)) world_.fallback = chance_.word({"allow", "block", "observe"});
    if (chance_.one_in(2)) world_.unidentified = settings();
    world_.lines = {{"line-a"}, {"line-b"}};
    for (size_t i = 0, n = chance_.below(4); i < n; ++i) {
      User user{"user-" + std::to_string(i), {}, {}};
      for (size_t j = 1 + chance_.below(3); j-- > 0;) add(user.addresses, random_address(chance_));
      for (size_t j = chance_.below(3); j-- > 0;) add(user.groups, chance_.word({"group-a", "group-b"}));
      for (const User& other : world_.users)
        std::erase_if(user.addresses, [&](const auto& one) { return has(other.addresses, one); });
      if (!user.addresses.empty()) world_.users.push_back(user);
    }
  }

  Settings settings() {
    Settings out;
    for (const std::string& situation : kSituations) {
      if (!chance_.one_in(3)) continue;
      const bool mismatch = situation == "name-mismatch";
      out[situation] = mismatch ? chance_.word({"allow", "block", "observe"})
                                : chance_.word({"allow", "block", "by-address", "observe"});
    }
    return out;
  }

  Words prefixes(size_t count) {
    Words out;
    while (count-- > 0) add(out, random_prefix(chance_));
    return out;
  }

  /// Two networks may share a prefix only where their VLANs differ.
  void network(size_t index) {
    Network network;
    network.name = "net-" + std::to_string(index);
    if (chance_.one_in(5))
      for (size_t i = 1 + chance_.below(3); i-- > 0;) add(network.vlans, chance_.of(kVlans));
    for (const std::string& prefix : prefixes(1 + chance_.below(4)))
      if (!taken(prefix, network.vlans)) network.prefixes.push_back(prefix);
    if (chance_.one_in(3)) groups(network);
    if (network.prefixes.empty() && network.groups.empty()) return;
    network.line = chance_.one_in(10) ? "none" : chance_.one_in(8) ? "line-b" : "line-a";
    if (!chance_.one_in(4)) network.fallback = chance_.word({"allow", "block", "observe"});
    if (chance_.one_in(3)) network.unidentified = settings();
    world_.networks.push_back(network);
  }

  /// Those whose users' addresses are nobody else's yet.
  void groups(Network& network) {
    for (const char* group : {"group-a", "group-b"}) {
      Words addresses;
      for (const User& user : world_.users)
        if (has(user.groups, group))
          addresses.insert(addresses.end(), user.addresses.begin(), user.addresses.end());
      const auto free = [&](const std::string& address) { return !taken(address, network.vlans); };
      if (!addresses.empty() && std::ranges::all_of(addresses, free)) add(network.groups, group);
    }
  }

  bool taken(const std::string& prefix, const Words& vlans) const {
    return std::ranges::any_of(world_.networks, [&](const Network& other) {
      const bool both = vlans.empty() || other.vlans.empty() ||
                        std::ranges::any_of(vlans, [&](const auto& vlan) { return has(other.vlans, vlan); });
      const auto same = [&](const auto& one) { return canonical(one) == canonical(prefix); };
      return both && std::ranges::any_of(prefixes_of(world_, other), same);
    });
  }

  void list(const std::string& name) {
    List list;
    list.name = name;
    const size_t kinds = 1 + chance_.below(15);
    if (kinds & 1)
      for (size_t i = 1 + chance_.below(6); i-- > 0;) list.names.push_back(random_entry(chance_));
    if (kinds & 2) list.prefixes = prefixes(1 + chance_.below(4));
    if ((kinds & 4) != 0 && chance_.one_in(2)) {
      list.hosts_file = chance_.one_in(2);
      for (size_t i = 1 + chance_.below(8); i-- > 0;)
        list.in_file.push_back(list.hosts_file ? random_name(chance_) : random_entry(chance_));
    }
    if ((kinds & 8) != 0 && name != "doh-resolvers" && chance_.one_in(3))
      for (size_t i = 1 + chance_.below(2); i-- > 0;) list.patterns.push_back(random_pattern(chance_));
    if ((kinds & 8) != 0 && name != "doh-resolvers" && chance_.one_in(3))
      for (size_t i = 1 + chance_.below(2); i-- > 0;)
        add(list.keywords, chance_.word({"a.c", "xb.", "www", "b.x", "c-1", ".test", "aaa"}));
    const bool empty = list.names.empty() && list.prefixes.empty() && list.in_file.empty() &&
                       list.patterns.empty() && list.keywords.empty();
    if (empty) list.names.push_back(random_entry(chance_));
    world_.lists.push_back(list);
  }

  /// lan: of the LAN side. names: a name may stand there.
  Words side(bool lan, bool names) {
    Words out;
    for (size_t count = 1 + chance_.below(4); count-- > 0;) {
      switch (chance_.below(names ? 6 : 4)) {
        case 0:
          // A network beyond the line never matches; it may be written all the same.
          if (lan || chance_.one_in(5)) add(out, chance_.of(world_.networks).name);
          break;
        case 1:
          if (!world_.offices.empty()) add(out, chance_.of(world_.offices).name);
          break;
        case 2:
          add(out, chance_.one_in(3) ? random_address(chance_) : random_prefix(chance_));
          break;
        case 3:
        case 4:
          if (!world_.lists.empty()) {
            const List& list = chance_.of(world_.lists);
            if (names || !list.prefixes.empty()) add(out, list.name);
          }
          break;
        default:
          add(out, random_literal(chance_));
      }
    }
    if (out.empty() || chance_.one_in(20)) out.push_back("any");
    return out;
  }

  Rule rule(const std::string& name) {
    Rule rule;
    rule.name = name;
    rule.inbound = chance_.one_in(4);
    rule.action = chance_.word({"allow", "allow", "block", "block", "observe"});
    if (!chance_.one_in(3)) rule.from = side(!rule.inbound, false);
    if (!chance_.one_in(4)) rule.to = side(rule.inbound, true);
    if (chance_.one_in(3)) protocols(rule);
    if (chance_.one_in(4)) ports(rule);
    if (rule.action == "block") rule.silent = chance_.one_in(3), rule.violation = chance_.one_in(3);
    return rule;
  }

  void protocols(Rule& rule) {
    const bool doh =
        std::ranges::any_of(world_.lists, [](const List& list) { return list.name == "doh-resolvers"; });
    for (size_t count = 1 + chance_.below(3); count-- > 0;) {
      std::string word = chance_.word({"tls", "quic", "http", "h2c", "dns", "dot", "doh", "dtls", "stun",
                                       "ntp", "ssh", "rdp", "unknown"});
      if (rule.action == "block" && chance_.one_in(3))
        word = chance_.of(chance_.one_in(2) ? kTunnels : kOpenable);
      if (word != "doh" || doh) add(rule.protocols, word);
    }
  }

  void ports(Rule& rule) {
    for (size_t count = 1 + chance_.below(3); count-- > 0;) {
      const int first = chance_.one_in(6) ? 1 : random_port(chance_);
      const int last = chance_.one_in(2) ? first : std::min(65535, first + chance_.between(0, 20));
      rule.ports.push_back({chance_.word({"tcp", "udp", ""}), first, last});
    }
  }

  void tunnel(size_t index) {
    Tunnel tunnel;
    tunnel.name = "tunnel-" + std::to_string(index);
    tunnel.inspect = chance_.one_in(3);
    const Words& words = tunnel.inspect || chance_.one_in(3) ? kOpenable : kTunnels;
    for (size_t count = 1 + chance_.below(3); count-- > 0;) add(tunnel.protocols, chance_.of(words));
    tunnel.from = side(true, false);
    tunnel.to = side(false, false);
    world_.tunnels.push_back(tunnel);
  }

  void schedule(size_t) {}
  void exception(size_t index) {
    Rule one = rule("exception-" + std::to_string(index));
    if (one.action == "observe") one.action = "allow";
    std::erase_if(one.protocols, [&](const auto& word) { return one.action == "allow" && is_tunnel(word); });
    one.silent = one.violation = false;
    one.expires = "2027-12-31";
    world_.exceptions.push_back(one);
  }

  static bool has(const Words& words, const std::string& word) {
    return std::ranges::find(words, word) != words.end();
  }
  static void add(Words& words, const std::string& word) {
    if (!has(words, word)) words.push_back(word);
  }

  Chance chance_;
  World world_;
};

}  // namespace

World random_world(uint64_t seed) {
  return Generator(seed).make();
}

}  // namespace sluice::model
