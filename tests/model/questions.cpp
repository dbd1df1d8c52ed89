// tests: model: random questions, most of them at the edges of what a policy says.
#include <algorithm>
#include <cstdio>
#include <ctime>

#include "tests/model/chance.h"
#include "tests/model/generate.h"
#include "tests/model/match.h"
#include "tests/model/names.h"

namespace sluice::model {
namespace {

const Words kSituations = {"no-name",         "ech",       "incomplete-hello", "undecodable-quic",
                           "unparsable-http", "midstream", "unknown-protocol", "fragment",
                           "table-full",      "log-full"};

constexpr int64_t kBack = int64_t{360} * 86400,
                  kAhead = int64_t{730} * 86400;  ///< what schedules are laid out for

/// That minute of the day, as 2026-12-31T18:00.
std::string day_from(int64_t at, int minute) {
  const std::time_t seconds = at;
  std::tm day{};
  gmtime_r(&seconds, &day);
  char text[32];
  std::snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d", (day.tm_year + 1900) % 10000,
                (day.tm_mon + 1) % 100, day.tm_mday % 100, minute / 60 % 100, minute % 60);
  return text;
}

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
  take_instants();
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

/// Instants at which something begins or ends, the second before, and others.
void Questions::take_instants() {
  const auto around = [this](int64_t at) {
    const bool covered = kNow - kBack < at && at < kNow + kAhead;
    if (covered) instants_.insert(instants_.end(), {at - 1, at});
  };
  instants_ = {kNow, kNow - 1};
  for (const Rule& one : world_.exceptions) around(instant_of(one.expires, world_.timezone));
  for (const Line& line : world_.lines)
    if (!line.until.empty()) around(instant_of(line.until, world_.timezone));
  for (const Schedule& schedule : world_.schedules) {
    const std::string& zone = schedule.timezone.empty() ? world_.timezone : schedule.timezone;
    for (const auto& [begin, end] : schedule.hours)
      for (const int minute : {begin, end, 0})
        around(instant_of(day_from(kNow + 86400 * static_cast<int64_t>(chance_.below(600)), minute), zone));
  }
  // When clocks are put forward or back.
  for (const char* text : {"2026-10-25T02:30", "2027-03-28T01:59", "2026-11-01T01:15", "2027-03-14T03:00"})
    around(instant_of(text, "UTC") + 60 * chance_.between(-90, 90));
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
  out.at = chance_.of(instants_);
  out.for_somebody = resolver && !out.inbound && chance_.one_in(2);
  if (out.for_somebody) out.protocol = "dns";
  return out;
}

}  // namespace sluice::model
