// control/policy: the registers of a policy: lines, networks, resolvers, offices, tunnels.
#include <algorithm>
#include <charconv>

#include "control/policy/field_reader.h"
#include "control/policy/source_loader.h"
#include "dataplane/contract/shared.h"

namespace sluice::control {
namespace {

constexpr uint16_t kMaxVlan = 4094;
constexpr std::string_view kLineKeys[] = {"operator", "licence",   "contract", "filing",   "purpose",
                                          "link",     "bandwidth", "valid",    "on-expiry"};
constexpr std::string_view kNetworkKeys[] = {"prefixes", "vlans", "line", "default", "dns"};
constexpr std::string_view kNetworkLater[] = {"shared"};
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

void load_expiry(const YamlNode& node, Report& report) {
  static constexpr std::string_view kWords[] = {"warn"};
  if (node.kind == YamlNode::Kind::Scalar && node.text == "block") {
    return report.error(node.at, "`on-expiry: block` is not supported yet", "write warn for now");
  }
  read_choice(node, "on-expiry", kWords, report);
}

void load_link(const YamlNode& node, LineSource& line, Report& report) {
  for (const YamlNode* item : read_items(node, "link", report)) {
    Address address;
    if (parse_address(item->text, address)) {
      line.link.push_back(address);
    } else {
      report.error(item->at, in_quotes(item->text) + " is not an address",
                   "write the addresses of the routers at the line's two ends");
    }
  }
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
  if (const YamlNode* value = fields.find("link")) load_link(*value, line, report);
  if (const YamlNode* value = fields.find("bandwidth")) {
    line.bandwidth_bits_per_s = read_bandwidth(*value, "bandwidth", report).value_or(0);
  }
  if (const YamlNode* value = fields.find("on-expiry")) load_expiry(*value, report);
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
  NetworkSource network;
  network.name = std::move(name);
  const Fields fields(node, {"a network", kNetworkKeys, kNetworkLater}, report);
  if (const YamlNode* value = fields.find("prefixes")) {
    network.prefixes = read_prefixes(*value, "prefixes", report);
  } else if (fields.is_map()) {
    report.error(network.name.at, "the network " + in_quotes(network.name.text) + " has no `prefixes`",
                 "write prefixes: [10.20.0.0/16]");
  }
  if (const YamlNode* value = fields.find("vlans")) load_vlans(*value, network, report);
  if (const YamlNode* value = fields.find("line")) {
    const auto text = read_text(*value, "line", report);
    if (text && *text != "none") network.line = Word{*text, value->at};
  } else if (fields.is_map()) {
    report.error(network.name.at, "the network " + in_quotes(network.name.text) + " has no `line`",
                 "name a line, or write line: none");
  }
  if (const YamlNode* value = fields.find("default")) {
    static constexpr std::string_view kWords[] = {"allow", "block", "observe"};
    static constexpr Setting kSettings[] = {Setting::Allow, Setting::Block, Setting::Observe};
    if (const auto index = read_choice(*value, "default", kWords, report))
      network.fallback = kSettings[*index];
  }
  if (const YamlNode* value = fields.find("dns")) load_dns(*value, network, report);
  source.networks.push_back(std::move(network));
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

void load_resolvers(const YamlNode& node, PolicySource& source, Report& report) {
  for (const YamlNode* item : read_items(node, "resolvers", report)) {
    PrefixSource resolver{{.length = 128}, item->at};
    if (parse_address(item->text, resolver.prefix.address)) {
      source.resolvers.push_back(resolver);
    } else {
      report.error(item->at, in_quotes(item->text) + " is not an address",
                   "write the addresses of the LAN's own DNS servers");
    }
  }
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
