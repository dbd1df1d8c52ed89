// tests: model: the verdict by the plain words of policies/README.md.
#include "tests/model/model.h"

#include <algorithm>

#include "tests/model/match.h"

namespace sluice::model {
namespace {

bool has(const Words& words, const std::string& word) {
  return std::ranges::find(words, word) != words.end();
}

bool can_be_opened(const std::string& protocol) {
  return has({"gre", "ipip", "6in4", "vxlan"}, protocol);
}

}  // namespace

bool is_tunnel(const std::string& protocol) {
  static const Words kTunnels = {"socks",  "wireguard", "openvpn", "ipsec", "l2tp", "pptp", "teredo",
                                 "geneve", "gtp",       "gre",     "ipip",  "6in4", "vxlan"};
  return has(kTunnels, protocol);
}

Words prefixes_of(const World& world, const Network& network) {
  Words out = network.prefixes;
  for (const User& user : world.users) {
    const bool member =
        std::ranges::any_of(user.groups, [&](const auto& group) { return has(network.groups, group); });
    if (member) out.insert(out.end(), user.addresses.begin(), user.addresses.end());
  }
  return out;
}

std::string canonical(const std::string& word) {
  const size_t slash = word.find('/');
  if (slash != word.npos && prefix_bits(word) == prefix_bits(word.substr(0, slash)))
    return word.substr(0, slash);
  std::string out = word;
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  if (out.ends_with(".")) out.pop_back();
  return out;
}

namespace {

template <typename Named>
const Named* find(const std::vector<Named>& all, const std::string& name) {
  const auto found = std::ranges::find(all, name, &Named::name);
  return found == all.end() ? nullptr : &*found;
}

/// The longest prefix wins; prefixes and VLANs must both match.
const Network* network_of(const World& world, const Question& question) {
  const std::string vlan = question.vlan ? std::to_string(*question.vlan) : "untagged";
  const Network* best = nullptr;
  int longest = -1;
  for (const Network& network : world.networks) {
    if (!network.vlans.empty() && !has(network.vlans, vlan)) continue;
    for (const std::string& prefix : prefixes_of(world, network)) {
      if (prefix_bits(prefix) <= longest || !address_covered(prefix, question.local)) continue;
      best = &network;
      longest = prefix_bits(prefix);
    }
  }
  return best;
}

bool any_covers(const Words& prefixes, const std::string& address) {
  return std::ranges::any_of(prefixes, [&](const auto& prefix) { return address_covered(prefix, address); });
}

/// What a word of `from` or `to` stands for, and what of an access it covers.
struct Covered {
  bool by_name = false, by_address = false, by_pattern = false;
  explicit operator bool() const { return by_name || by_address || by_pattern; }
};

Covered covered(const World& world, const std::string& word, const std::string& name,
                const std::string& address) {
  Covered out;
  if (const List* list = find(world.lists, word)) {
    const auto names_it = [&](const std::string& entry) { return name_covered(entry, name); };
    out.by_name = !name.empty() && (std::ranges::any_of(list->names, names_it) ||
                                    std::ranges::any_of(list->in_file, names_it));
    out.by_address = any_covers(list->prefixes, address);
    out.by_pattern =
        !name.empty() &&
        (std::ranges::any_of(list->patterns, [&](const auto& one) { return pattern_found(one, name); }) ||
         std::ranges::any_of(list->keywords, [&](const auto& one) { return name.find(one) != name.npos; }));
  } else if (const Office* office = find(world.offices, word)) {
    out.by_address = any_covers(office->prefixes, address);
  } else if (prefix_bits(word) >= 0) {
    out.by_address = address_covered(word, address);
  } else if (word.find('.') != word.npos || word.starts_with("=")) {
    out.by_name = !name.empty() && name_covered(word, name);
  }
  return out;
}

bool is_lan_network(const World& world, const std::string& word, const Question& question) {
  const Network* network = network_of(world, question);
  // A capture's client that is in no network is judged by the first.
  if (network == nullptr && question.line.empty() && !world.networks.empty())
    network = &world.networks.front();
  return network != nullptr && network->name == word;
}

bool from_holds(const World& world, const Words& from, const Question& question) {
  if (from.empty() || has(from, "any")) return true;
  if (question.for_somebody) return false;  // who it is for is not known
  const std::string& opener = question.inbound ? question.remote : question.local;
  return std::ranges::any_of(from, [&](const std::string& word) {
    return covered(world, word, "", opener) || (!question.inbound && is_lan_network(world, word, question));
  });
}

bool to_holds(const World& world, const Words& to, const Question& question) {
  if (to.empty() || has(to, "any")) return true;
  const std::string& served = question.inbound ? question.local : question.remote;
  return std::ranges::any_of(to, [&](const std::string& word) {
    return covered(world, word, question.name, served) ||
           (question.inbound && is_lan_network(world, word, question));
  });
}

bool protocol_holds(const World& world, const Words& protocols, const Question& question) {
  if (protocols.empty() || has(protocols, question.protocol)) return true;
  const bool tls_or_quic = question.protocol == "tls" || question.protocol == "quic";
  if (has(protocols, "dot") && tls_or_quic && question.port == 853) return true;
  const bool web = tls_or_quic || question.protocol == "http" || question.protocol == "h2c";
  const std::string& served = question.inbound ? question.local : question.remote;
  return has(protocols, "doh") && web && covered(world, "doh-resolvers", question.name, served);
}

bool port_holds(const std::vector<Port>& ports, const Question& question) {
  if (ports.empty()) return true;
  return std::ranges::any_of(ports, [&](const Port& port) {
    const bool both = port.transport.empty() && (question.transport == "tcp" || question.transport == "udp");
    return (both || port.transport == question.transport) && port.first <= question.port &&
           question.port <= port.last;
  });
}

bool time_holds(const World& world, const Rule& rule, const Question& question) {
  // What a resolver learns is kept beyond the time at which it asked.
  if (question.for_somebody && !rule.when.empty()) return false;
  if (!rule.expires.empty() && is_over(world, rule.expires, question.at)) return false;
  return rule.when.empty() || std::ranges::any_of(rule.when, [&](const std::string& word) {
           const Schedule* schedule = find(world.schedules, word);
           return schedule != nullptr && schedule_holds(world, *schedule, question.at);
         });
}

/// All lists in the order of their declaration, offices behind them, and then what stands in rules as it is.
Words in_order(const World& world) {
  Words out;
  for (const List& list : world.lists) out.push_back(list.name);
  for (const Office& office : world.offices) out.push_back(office.name);
  for (const Tunnel& tunnel : world.tunnels) {
    out.insert(out.end(), tunnel.from.begin(), tunnel.from.end());
    out.insert(out.end(), tunnel.to.begin(), tunnel.to.end());
  }
  for (const auto* rules : {&world.exceptions, &world.rules}) {
    for (const Rule& rule : *rules) {
      out.insert(out.end(), rule.from.begin(), rule.from.end());
      out.insert(out.end(), rule.to.begin(), rule.to.end());
    }
  }
  return out;
}

/// The list by which the rule's `to` holds: of those that its words name, one that covers the name before one
/// that covers the address before one whose pattern does; of these the one declared first.
std::string list_of(const World& world, const Words& to, const Question& question) {
  const std::string& served = question.inbound ? question.local : question.remote;
  for (bool Covered::*how : {&Covered::by_name, &Covered::by_address, &Covered::by_pattern}) {
    // Where `to` holds anyhow no pattern is asked.
    Question unnamed = question;
    unnamed.name.clear();
    if (how == &Covered::by_pattern && to_holds(world, to, unnamed)) return "";
    for (const std::string& declared : in_order(world)) {
      const auto same = [&](const std::string& word) { return canonical(word) == canonical(declared); };
      if (std::ranges::any_of(to, same) && covered(world, declared, question.name, served).*how)
        return canonical(declared);
    }
  }
  return "";
}

/// A registered tunnel's ends; either may start.
const Tunnel* registered(const World& world, const Question& question) {
  for (const Tunnel& tunnel : world.tunnels) {
    const Words& opens = question.inbound ? tunnel.to : tunnel.from;
    const Words& served = question.inbound ? tunnel.from : tunnel.to;
    Question addresses = question;  // its ends are known by their addresses
    addresses.name.clear();
    if (has(tunnel.protocols, question.protocol) && from_holds(world, opens, addresses) &&
        to_holds(world, served, addresses))
      return &tunnel;
  }
  return nullptr;
}

bool holds(const World& world, const Rule& rule, const Question& question) {
  return rule.inbound == question.inbound && protocol_holds(world, rule.protocols, question) &&
         port_holds(rule.ports, question) && time_holds(world, rule, question) &&
         from_holds(world, rule.from, question) && to_holds(world, rule.to, question);
}

struct Search {
  const Rule* decides = nullptr;  ///< the first that allows or blocks
  const Rule* marks = nullptr;    ///< the first before it that observes
};

/// Exceptions come before the rules; then from the top.
Search search(const World& world, const Question& question) {
  Search out;
  for (const auto* rules : {&world.exceptions, &world.rules}) {
    for (const Rule& rule : *rules) {
      if (!holds(world, rule, question)) continue;
      if (rule.action != "observe") {
        out.decides = &rule;
        return out;
      }
      if (out.marks == nullptr) out.marks = &rule;
    }
  }
  return out;
}

std::string fallback_of(const World& world, const Network& network) {
  if (network.fallback) return *network.fallback;
  return world.fallback.empty() ? "block" : world.fallback;
}

std::string setting_of(const World& world, const Network& network, const std::string& situation) {
  static const Settings kDefaults = {{"no-name", "by-address"},     {"ech", "block"},
                                     {"incomplete-hello", "block"}, {"undecodable-quic", "block"},
                                     {"unparsable-http", "block"},  {"unknown-protocol", "by-address"},
                                     {"midstream", "allow"},        {"name-mismatch", "observe"},
                                     {"fragment", "block"},         {"table-full", "block"},
                                     {"log-full", "block"}};
  for (const Settings* settings : {&network.unidentified, &world.unidentified, &kDefaults})
    if (const auto set = settings->find(situation); set != settings->end()) return set->second;
  return "block";
}

void pass(Decision& out) {
  out.action = "allowed";
}
void block(Decision& out) {
  out.action = "blocked";
}
void mark(Decision& out, const std::string& would) {
  out.action = "observed";
  out.would = would;
}

/// No rule decided.
void by_default(const World& world, const Network& network, const Question& question, Decision& out) {
  const std::string fallback = fallback_of(world, network);
  if (question.inbound) {
    out.reason = "inbound-refused";
    return block(out);
  }
  std::string setting = fallback;
  out.reason = "default";
  if (!question.situation.empty()) {
    setting = setting_of(world, network, question.situation);
    out.reason = question.situation;
    // Beyond its grace a flow whose start was not seen is judged by its address.
    if (question.situation == "midstream" && !question.in_grace) setting = "by-address";
    if (setting == "by-address") {
      if (!question.name.empty()) out.reason = "by-address";
      setting = question.name.empty() ? "block" : fallback;
    }
  }
  if (setting == "allow") return pass(out);
  if (setting == "observe" || fallback == "observe") return mark(out, "blocked");
  block(out);
}

void by_rule(const World& world, const Rule& rule, const Question& question, Decision& out) {
  out.reason = "rule";
  out.rule = rule.name;
  out.list = list_of(world, rule.to, question);
  out.silent = rule.silent;
}

void plain(const World& world, const Network& network, const Question& question, Decision& out) {
  const Search found = search(world, question);
  if (found.decides != nullptr) {
    by_rule(world, *found.decides, question, out);
    found.decides->action == "allow" ? pass(out) : block(out);
  } else {
    by_default(world, network, question, out);
  }
  if (out.action == "allowed" && found.marks != nullptr) {
    by_rule(world, *found.marks, question, out);
    mark(out, "allowed");
  }
}

/// Whether a rule that allows, whoever it is for, names what is asked for.
bool opened_for_somebody(const World& world, const Question& question) {
  for (const auto* rules : {&world.exceptions, &world.rules}) {
    for (const Rule& rule : *rules) {
      if (rule.action != "allow" || rule.inbound) continue;
      if (!rule.expires.empty() && is_over(world, rule.expires, question.at)) continue;
      for (const std::string& word : rule.to) {
        const Covered how = covered(world, word, question.name, "");
        if (how.by_name || how.by_pattern) return true;
      }
    }
  }
  return false;
}

/// A resolver asks for somebody else: only a block that holds for everybody, and always, meets it.
void resolver(const World& world, const Question& question, Decision& out) {
  const Search found = search(world, question);
  if (found.decides != nullptr && found.decides->action == "block" && !opened_for_somebody(world, question)) {
    by_rule(world, *found.decides, question, out);
    return block(out);
  }
  out.reason = "resolver";
  pass(out);
}

void tunnel(const World& world, const Network& network, const Question& question, Decision& out) {
  if (const Tunnel* known = registered(world, question)) {
    if (question.asked_of_proxy) return plain(world, network, question, out);
    out.reason = "tunnel-registered";
    out.rule = known->name;
    Question addresses = question;
    addresses.name.clear();
    out.list = list_of(world, question.inbound ? known->from : known->to, addresses);
    out.opens = known->inspect;
    return pass(out);
  }
  const Search found = search(world, question);
  if (found.decides != nullptr && found.decides->action == "block") {
    by_rule(world, *found.decides, question, out);
    return block(out);
  }
  out.reason = "tunnel";
  if (fallback_of(world, network) == "observe" && !question.inbound) return mark(out, "blocked");
  block(out);
}

/// The name does not fit the addresses that DNS gave for it.
void mismatched(const World& world, const Network& network, Decision& out) {
  const std::string setting = setting_of(world, network, "name-mismatch");
  if (setting == "allow") return;
  out.reason = "name-mismatch";
  if (setting == "observe" || fallback_of(world, network) == "observe") return mark(out, "blocked");
  out.would.clear();
  block(out);
}

/// Traffic of two outsiders: the line opened it, or the LAN side did from an address that no LAN has.
bool is_transit(const World& world, const Question& question) {
  static const Words kPrivate = {"10.0.0.0/8",    "172.16.0.0/12",  "192.168.0.0/16",
                                 "100.64.0.0/10", "169.254.0.0/16", "127.0.0.0/8",
                                 "fc00::/7",      "fe80::/10",      "::1/128"};
  static const Words kGroups = {"224.0.0.0/3", "ff00::/8"};
  for (const Office& office : world.offices)
    if (any_covers(office.prefixes, question.remote)) return false;
  if (any_covers(kGroups, question.local)) return false;
  return question.inbound || !any_covers(kPrivate, question.local);
}

void judge(const World& world, const Question& question, Decision& out) {
  const Network* network = network_of(world, question);
  if (network != nullptr) out.network = network->name;
  if (question.line.empty()) {
    if (network == nullptr && !world.networks.empty()) network = &world.networks.front();
  }
  if (network == nullptr) {
    out.reason = is_transit(world, question) ? "transit" : "unregistered-source";
    return block(out);
  }
  out.network = network->name;
  if (!question.line.empty() && network->line != question.line) {
    out.reason = "wrong-line";
    return block(out);
  }
  const Line* line = find(world.lines, network->line);
  if (line != nullptr && !line->until.empty() && is_over(world, line->until, question.at)) {
    out.reason = "line-expired";
    return block(out);
  }
  if (is_tunnel(question.protocol)) {
    tunnel(world, *network, question, out);
  } else if (question.for_somebody) {
    resolver(world, question, out);
  } else {
    plain(world, *network, question, out);
  }
  if (question.mismatch && out.action != "blocked") mismatched(world, *network, out);
}

}  // namespace

std::vector<Condition> missing(const World& world, const Rule& rule, const Question& question) {
  std::vector<Condition> out;
  if (rule.inbound != question.inbound) out.push_back(Condition::Direction);
  if (!from_holds(world, rule.from, question)) out.push_back(Condition::From);
  if (!to_holds(world, rule.to, question)) out.push_back(Condition::To);
  if (!protocol_holds(world, rule.protocols, question)) out.push_back(Condition::Protocol);
  if (!port_holds(rule.ports, question)) out.push_back(Condition::Port);
  if (!time_holds(world, rule, question)) out.push_back(Condition::Time);
  return out;
}

std::string deciding_rule(const World& world, const Question& question) {
  const Search found = search(world, question);
  return found.decides == nullptr ? "" : found.decides->name;
}

Decision decide(const World& world, const Question& question) {
  Decision out;
  judge(world, question, out);
  if (out.action == "blocked" && world.observe) mark(out, "blocked");
  if (out.action != "blocked") out.silent = false;
  // What passes unopened because nothing is blocked shows what it carries; but who is not on the register
  // does not.
  const bool stranger = out.reason == "transit" || out.reason == "unregistered-source" ||
                        out.reason == "wrong-line" || out.reason == "line-expired";
  if (out.action == "observed" && can_be_opened(question.protocol) && !stranger) out.opens = true;
  return out;
}

}  // namespace sluice::model
