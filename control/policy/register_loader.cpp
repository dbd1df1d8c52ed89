// control/policy: the registers of a policy: lines, users, networks, resolvers, offices, tunnels.
#include <algorithm>
#include <charconv>

#include "control/policy/field_reader.h"
#include "control/policy/line_register.h"
#include "control/policy/source_loader.h"
#include "dataplane/contract/shared.h"

namespace sluice::control {
namespace {

constexpr uint16_t kMaxVlan = 4094;
constexpr std::string_view kLineKeys[] = {"operator", "licence",   "contract", "filing",    "purpose",
                                          "link",     "bandwidth", "valid",    "on-expiry", "papers"};
constexpr std::string_view kCompanyKeys[] = {"name", "registration", "responsible", "contact"};
constexpr std::string_view kUserKeys[] = {"addresses", "groups"};
constexpr std::string_view kNetworkKeys[] = {"prefixes", "groups",       "vlans", "line",         "default",
                                             "shared",   "unidentified", "dns",   "public-reason"};
constexpr std::string_view kOfficeKeys[] = {"entity", "prefixes"};
constexpr std::string_view kTunnelKeys[] = {"protocols", "from", "to", "owner", "inspect"};

void load_valid(const YamlNode& node, LineSource& line, Report& report) {
  static constexpr std::string_view kKeys[] = {"from", "until"};
  const Fields fields(node, {"`valid`", kKeys}, report);
  if (!fields.is_map()) return;
  for (const std::string_view key : kKeys) {
    const YamlNode* value = fields.find(key);
    if (value == nullptr) {
      report.error(node.at, "`valid` has no `" + std::string(key) + "`",
                   "write {from: 2026-04-01, until: 2027-03-31}");
      continue;
    }
    (key == "from" ? line.valid_from : line.valid_until) = read_date(*value, key, report);
  }
  if (line.valid_from && line.valid_until && *line.valid_until < *line.valid_from) {
    report.error(node.at, "the line ends before it begins",
                 "write {from: the first day, until: the last day}");
  }
}

void load_expiry(const YamlNode& node, LineSource& line, Report& report) {
  static constexpr std::string_view kWords[] = {"warn", "block"};
  line.ends_with_term = read_choice(node, "on-expiry", kWords, report) == 1;
  if (line.ends_with_term && !line.valid_until)
    report.error(node.at, "`on-expiry: block` without a day on which the line's term ends",
                 "write valid: {from: 2026-04-01, until: 2027-03-31}");
}

/// Single addresses, as host prefixes. what: what would be right.
std::vector<PrefixSource> read_addresses(const YamlNode& node, std::string_view key, std::string_view what,
                                         Report& report) {
  std::vector<PrefixSource> out;
  for (const YamlNode* item : read_items(node, key, report)) {
    PrefixSource one{{.length = 128}, item->at};
    if (parse_address(item->text, one.prefix.address)) {
      out.push_back(one);
    } else {
      report.error(item->at, in_quotes(item->text) + " is not an address", std::string(what));
    }
  }
  return out;
}

void load_papers(const YamlNode& node, LineSource& line, Report& report) {
  line.papers = read_words(node, "papers", report);
  if (line.papers.size() > kMaxPapers)
    report.error(node.at, "more than " + std::to_string(kMaxPapers) + " papers of a line",
                 "put some of them into one file");
}

void load_line(Word name, const YamlNode& node, PolicySource& source, Report& report) {
  LineSource line;
  line.name = std::move(name);
  if (line.name.text.size() <= kMaxWord) check_word(line.name, kPairNameBytes - 1, report);
  if (line.name.text == "none") {
    report.error(line.name.at, "a line cannot be named none", "that word says that a network has no line");
  }
  const Fields fields(node, {"a line", kLineKeys}, report);
  static constexpr std::pair<std::string_view, std::string LineSource::*> kTexts[] = {
      {"operator", &LineSource::operator_name},
      {"licence", &LineSource::licence},
      {"contract", &LineSource::contract},
      {"filing", &LineSource::filing}};
  std::string missing;
  for (const auto& [key, member] : kTexts) {
    if (const YamlNode* value = fields.find(key)) {
      line.*member = read_text(*value, key, report).value_or("");
    } else {
      missing += (missing.empty() ? "" : ", ") + std::string(key);
    }
  }
  if (const YamlNode* value = fields.find("purpose")) {
    static constexpr std::string_view kPurposes[] = {"internal-office"};
    if (read_choice(*value, "purpose", kPurposes, report)) line.purpose = value->text;
  } else {
    missing += missing.empty() ? "purpose" : ", purpose";
  }
  if (const YamlNode* value = fields.find("valid")) {
    load_valid(*value, line, report);
  } else {
    missing += missing.empty() ? "valid" : ", valid";
  }
  if (const YamlNode* value = fields.find("link"))
    for (const PrefixSource& router :
         read_addresses(*value, "link", "write the addresses of the routers at the line's two ends", report))
      line.link.push_back(router.prefix.address);
  if (const YamlNode* value = fields.find("bandwidth")) {
    line.bandwidth_bits_per_s = read_bandwidth(*value, "bandwidth", report).value_or(0);
  }
  if (const YamlNode* value = fields.find("on-expiry")) load_expiry(*value, line, report);
  if (const YamlNode* value = fields.find("papers")) load_papers(*value, line, report);
  if (fields.is_map() && !missing.empty()) {
    report.warn(line.name.at, "the line " + in_quotes(line.name.text) + " has no " + missing,
                "an auditor will ask for it");
  }
  source.lines.push_back(std::move(line));
}

void load_vlans(const YamlNode& node, NetworkSource& network, Report& report) {
  for (const YamlNode* item : read_items(node, "vlans", report)) {
    uint16_t vlan = 0;
    if (item->text != "untagged") {
      const char* const last = item->text.data() + item->text.size();
      const auto [end, error] = std::from_chars(item->text.data(), last, vlan);
      if (error != std::errc{} || end != last || vlan == 0 || vlan > kMaxVlan) {
        report.error(item->at, in_quotes(item->text) + " is not a VLAN", "write 1 to 4094, or untagged");
        continue;
      }
    }
    network.vlans.push_back(vlan);
  }
  std::ranges::sort(network.vlans);
  network.vlans.erase(std::unique(network.vlans.begin(), network.vlans.end()), network.vlans.end());
}

/// What becomes of DNS messages that would have clients hide their names.
void load_dns(const YamlNode& node, NetworkSource& network, Report& report) {
  static constexpr std::string_view kKeys[] = {"canaries", "strip-ech"};
  static constexpr std::string_view kCanaries[] = {"pass", "nxdomain"};
  const Fields fields(node, {"`dns`", kKeys}, report);
  if (const YamlNode* value = fields.find("canaries"))
    network.canaries = read_choice(*value, "canaries", kCanaries, report) == 1;
  if (const YamlNode* value = fields.find("strip-ech"))
    network.strip_ech = read_bool(*value, "strip-ech", report).value_or(false);
}

void load_network(Word name, const YamlNode& node, PolicySource& source, Report& report) {
  static constexpr std::string_view kShared[] = {"proxy", "nat", "terminal-server"};
  NetworkSource network;
  network.name = std::move(name);
  const Fields fields(node, {"a network", kNetworkKeys}, report);
  const YamlNode* const groups = fields.find("groups");
  if (groups != nullptr) network.groups = read_words(*groups, "groups", report);
  if (const YamlNode* value = fields.find("prefixes")) {
    network.prefixes = read_prefixes(*value, "prefixes", report);
  } else if (fields.is_map() && groups == nullptr) {
    report.error(network.name.at, "the network " + in_quotes(network.name.text) + " has no `prefixes`",
                 "write prefixes: [10.20.0.0/16], or name groups of users");
  }
  if (const YamlNode* value = fields.find("vlans")) load_vlans(*value, network, report);
  if (const YamlNode* value = fields.find("line")) {
    const auto text = read_text(*value, "line", report);
    if (text && *text != "none") network.line = Word{*text, value->at};
  } else if (fields.is_map()) {
    report.error(network.name.at, "the network " + in_quotes(network.name.text) + " has no `line`",
                 "name a line, or write line: none");
  }
  if (const YamlNode* value = fields.find("default")) network.fallback = read_fallback(*value, report);
  if (const YamlNode* value = fields.find("shared"))
    network.shared = read_choice(*value, "shared", kShared, report).has_value();
  if (const YamlNode* value = fields.find("unidentified"))
    load_unidentified(*value, network.unidentified, report);
  if (const YamlNode* value = fields.find("dns")) load_dns(*value, network, report);
  if (const YamlNode* value = fields.find("public-reason"))
    network.public_reason = read_text(*value, "public-reason", report).value_or("");
  source.networks.push_back(std::move(network));
}

void load_user(Word name, const YamlNode& node, PolicySource& source, Report& report) {
  UserSource user;
  user.name = std::move(name);
  const Fields fields(node, {"a user", kUserKeys}, report);
  if (const YamlNode* value = fields.find("addresses")) {
    user.addresses =
        read_addresses(*value, "addresses", "write the addresses that are this person's alone", report);
  } else if (fields.is_map()) {
    report.error(user.name.at, "the user " + in_quotes(user.name.text) + " has no `addresses`",
                 "write addresses: [10.20.1.7]");
  }
  if (const YamlNode* value = fields.find("groups")) {
    user.groups = read_words(*value, "groups", report);
    for (const Word& group : user.groups) check_word(group, kMaxWord, report);
  }
  source.users.push_back(std::move(user));
}

std::vector<Protocol> tunnels_of(ProtocolKind kind) {
  std::vector<Protocol> out;
  for (size_t i = 0; i < kProtocolCount; ++i)
    if (kProtocolKinds[i] == kind) out.push_back(static_cast<Protocol>(i));
  return out;
}

void load_tunnel_protocols(const YamlNode& node, TunnelSource& tunnel, Report& report) {
  std::vector<Protocol> known = tunnels_of(ProtocolKind::Tunnel);
  std::ranges::copy(tunnels_of(ProtocolKind::OpenableTunnel), std::back_inserter(known));
  std::vector<std::string_view> words;
  for (const Protocol protocol : known) words.push_back(word_of(protocol));
  for (const YamlNode* item : read_items(node, "protocols", report)) {
    if (const auto index = read_choice(*item, "protocols", words, report))
      tunnel.protocols |= uint64_t{1} << static_cast<uint8_t>(known[*index]);
  }
}

void load_inspect(const YamlNode& node, TunnelSource& tunnel, Report& report) {
  tunnel.inspect = read_bool(node, "inspect", report).value_or(false);
  if (!tunnel.inspect) return;
  for (const Protocol closed : tunnels_of(ProtocolKind::Tunnel)) {
    if (!(tunnel.protocols >> static_cast<uint8_t>(closed) & 1)) continue;
    report.error(node.at, "`inspect` cannot open " + std::string(word_of(closed)),
                 "leave it out, or register " + std::string(word_of(closed)) + " as a tunnel of its own");
  }
}

void load_tunnel(Word name, const YamlNode& node, PolicySource& source, Report& report) {
  TunnelSource tunnel;
  tunnel.name = std::move(name);
  const Fields fields(node, {"a tunnel", kTunnelKeys}, report);
  if (!fields.is_map()) return;
  static constexpr std::pair<std::string_view, std::string_view> kRequired[] = {
      {"protocols", "write protocols: [ipsec]"},
      {"from", "write from: [10.20.0.1], its end on the LAN"},
      {"to", "write to: [203.0.113.9], its end beyond the line, or an office"},
      {"owner", "write owner: li.wei, who answers for it"}};
  for (const auto& [key, instead] : kRequired) {
    if (fields.find(key) != nullptr) continue;
    report.error(tunnel.name.at,
                 "the tunnel " + in_quotes(tunnel.name.text) + " has no `" + std::string(key) + "`",
                 std::string(instead));
  }
  if (const YamlNode* value = fields.find("protocols")) load_tunnel_protocols(*value, tunnel, report);
  if (const YamlNode* value = fields.find("from")) tunnel.from = read_words(*value, "from", report);
  if (const YamlNode* value = fields.find("to")) tunnel.to = read_words(*value, "to", report);
  if (const YamlNode* value = fields.find("owner"))
    tunnel.owner = read_text(*value, "owner", report).value_or("");
  if (const YamlNode* value = fields.find("inspect")) load_inspect(*value, tunnel, report);
  source.tunnels.push_back(std::move(tunnel));
}

}  // namespace

void load_company(const YamlNode& node, PolicySource& source, Report& report) {
  static constexpr std::string Company::*kMembers[] = {&Company::name, &Company::registration,
                                                       &Company::responsible, &Company::contact};
  static_assert(std::size(kMembers) == std::size(kCompanyKeys));
  const Fields fields(node, {"`company`", kCompanyKeys}, report);
  if (!fields.is_map()) return;
  if (source.company.at) return report_twice(node.at, "company", *source.company.at, report);
  source.company.at = node.at;
  std::string missing;
  for (size_t i = 0; i < std::size(kCompanyKeys); ++i) {
    if (const YamlNode* value = fields.find(kCompanyKeys[i])) {
      source.company.said.*kMembers[i] = read_text(*value, kCompanyKeys[i], report).value_or("");
    } else {
      missing += (missing.empty() ? "" : ", ") + std::string(kCompanyKeys[i]);
    }
  }
  if (!missing.empty()) report.warn(node.at, "`company` has no " + missing, "an auditor will ask for it");
  const YamlNode* registration = fields.find("registration");
  if (registration != nullptr && !is_credit_code(source.company.said.registration))
    report.warn(registration->at,
                in_quotes(registration->text) + " is no unified social credit code (GB 32100)",
                "copy its 18 characters from the business licence");
}

void load_tunnels(const YamlNode& node, PolicySource& source, Report& report) {
  for (auto& [name, value] : read_named(node, "tunnels", report))
    load_tunnel(std::move(name), *value, source, report);
}

void load_lines(const YamlNode& node, PolicySource& source, Report& report) {
  for (auto& [name, value] : read_named(node, "lines", report))
    load_line(std::move(name), *value, source, report);
}

void load_networks(const YamlNode& node, PolicySource& source, Report& report) {
  for (auto& [name, value] : read_named(node, "networks", report)) {
    load_network(std::move(name), *value, source, report);
  }
}

void load_users(const YamlNode& node, PolicySource& source, Report& report) {
  for (auto& [name, value] : read_named(node, "users", report, check_person))
    load_user(std::move(name), *value, source, report);
}

void load_resolvers(const YamlNode& node, PolicySource& source, Report& report) {
  const auto resolvers =
      read_addresses(node, "resolvers", "write the addresses of the LAN's own DNS servers", report);
  source.resolvers.insert(source.resolvers.end(), resolvers.begin(), resolvers.end());
}

void load_offices(const YamlNode& node, PolicySource& source, Report& report) {
  for (auto& [name, value] : read_named(node, "offices", report)) {
    OfficeSource office;
    office.name = std::move(name);
    const Fields fields(*value, {"an office", kOfficeKeys}, report);
    if (const YamlNode* entity = fields.find("entity")) {
      office.entity = read_text(*entity, "entity", report).value_or("");
    }
    if (const YamlNode* prefixes = fields.find("prefixes")) {
      office.prefixes = read_prefixes(*prefixes, "prefixes", report);
    } else if (fields.is_map()) {
      report.error(office.name.at, "the office " + in_quotes(office.name.text) + " has no `prefixes`",
                   "write prefixes: [10.64.0.0/12]");
    }
    source.offices.push_back(std::move(office));
  }
}

}  // namespace sluice::control
