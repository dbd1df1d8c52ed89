// tests: model: random questions, most of them at the edges of what a policy says.
#include <algorithm>

#include "tests/model/chance.h"
#include "tests/model/generate.h"
#include "tests/model/names.h"

namespace sluice::model {
namespace {

const Words kSituations = {"no-name",         "ech",       "incomplete-hello", "undecodable-quic",
                           "unparsable-http", "midstream", "unknown-protocol", "fragment",
                           "table-full",      "log-full"};

bool like_address(const std::string& word) {
  return word.find_first_not_of("0123456789.") == word.npos || word.find_first_of(":/") != word.npos;
}

void take_borders(const Words& words, Words& into) {
  for (const std::string& word : words) {
    if (!like_address(word)) continue;
    const Words borders = borders_of(word);
    into.insert(into.end(), borders.begin(), borders.end());
  }
}

/// The bare name of an entry of a list.
void take_names(const Words& entries, Words& into) {
  for (std::string name : entries) {
    if (like_address(name)) continue;
    name = name.substr(name.starts_with("*.") ? 2 : name.starts_with("=") ? 1 : 0);
    if (name.ends_with(".")) name.pop_back();
    for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    into.push_back(name);
  }
}

}  // namespace

Questions::Questions(const World& world, uint64_t seed) : world_(world), chance_(seed) {
  for (const Network& network : world.networks) {
    take_borders(network.prefixes, edges_);
    for (const std::string& prefix : network.prefixes)
      for (size_t i = 0; i < 2; ++i) lan_.push_back(borders_of(prefix)[i]);
  }
  for (const Office& office : world.offices) take_borders(office.prefixes, edges_);
  for (const User& user : world.users) take_borders(user.addresses, edges_);
  take_borders(world.resolvers, edges_);
  for (const List& list : world.lists) {
    take_borders(list.prefixes, edges_);
    take_names(list.names, names_);
    take_names(list.in_file, names_);
  }
  for (const Tunnel& tunnel : world.tunnels)
    take_borders(tunnel.from, edges_), take_borders(tunnel.to, edges_);
  for (const auto* rules : {&world.rules, &world.exceptions}) {
    for (const Rule& rule : *rules) {
      take_borders(rule.from, edges_);
      take_borders(rule.to, edges_);
      take_names(rule.to, names_);
    }
  }
}

std::string Questions::address(bool local) {
  if (local && !world_.resolvers.empty() && chance_.one_in(8)) return chance_.of(world_.resolvers);
  if (local && !chance_.one_in(3)) return chance_.of(lan_);
  return chance_.one_in(4) ? random_address(chance_) : chance_.of(edges_);
}

std::string Questions::name() {
  if (names_.empty() || chance_.one_in(4)) return random_name(chance_);
  std::string name = chance_.of(names_);
  if (chance_.one_in(4)) name = chance_.word({"a.", "x", "b.a.", "7."}) + name;
  if (chance_.one_in(5)) name = name.substr(name.find('.') + 1);
  if (chance_.one_in(12)) name += chance_.word({".c", "c", "-"});
  return name.empty() || name.size() > 253 ? "a.b.c" : name;
}

void Questions::protocol(Question& question) {
  question.protocol =
      chance_.word({"tls", "tls", "tls", "quic", "http", "h2c", "dns", "dtls", "unknown", "stun", "ssh"});
  if (chance_.one_in(8))
    question.protocol = chance_.word({"socks", "socks", "wireguard", "openvpn", "ipsec", "l2tp", "pptp",
                                      "teredo", "geneve", "gtp", "gre", "ipip", "6in4", "vxlan"});
  question.transport = chance_.word({"tcp", "tcp", "udp", "udp", "icmp"});
  question.port = question.transport == "icmp" ? 0 : random_port(chance_) + (chance_.one_in(10) ? -1 : 0);
  if (!chance_.one_in(3)) question.name = name();
  const bool named = !question.name.empty();
  question.asked_of_proxy = named && question.protocol == "socks" && chance_.one_in(2);
  if (question.asked_of_proxy ? false : named ? chance_.one_in(6) : !chance_.one_in(10))
    question.situation = chance_.of(kSituations);
  question.in_grace = chance_.one_in(2);
  question.mismatch = named && chance_.one_in(8);
}

Question Questions::next() {
  Question out;
  protocol(out);
  out.inbound = chance_.one_in(5);
  out.local = address(true);
  do {
    out.remote = address(false);
  } while ((out.remote.find(':') == out.remote.npos) != (out.local.find(':') == out.local.npos));
  out.line = chance_.word({"line-a", "line-a", "line-a", "", "", ""});
  if (chance_.one_in(10)) out.line = chance_.word({"line-b", "line-x"});
  if (chance_.one_in(5)) out.vlan = std::vector<int>{1, 7, 28, 4094, 4093}[chance_.below(5)];
  const bool resolver = std::ranges::find(world_.resolvers, out.local) != world_.resolvers.end();
  out.for_somebody = resolver && !out.inbound && chance_.one_in(2);
  if (out.for_somebody) out.protocol = "dns";
  return out;
}

}  // namespace sluice::model
