// control/policy: where a policy lets people and machines be known from.
#include <algorithm>
#include <charconv>

#include "control/policy/field_reader.h"
#include "control/policy/source_loader.h"
#include "control/policy/time_zone.h"

namespace sluice::control {
namespace {

constexpr std::string_view kIdentityKeys[] = {"table", "lease-max-age", "neighbours", "radius", "leases"};
constexpr std::string_view kLeaseKeys[] = {"file", "format", "timezone"};
constexpr std::string_view kRadiusKeys[] = {"listen", "port", "clients", "secret-file", "max-age"};

std::string read_identity_path(const YamlNode& node, std::string_view key, Report& report) {
  auto text = read_text(node, key, report);
  if (text && is_rooted_path(*text)) return std::move(*text);
  if (text)
    report.error(node.at, '`' + std::string(key) + "` has a path that does not begin with /",
                 "write it from the root, as /etc/sluice/identity/" + std::string(key));
  return {};
}

void load_table(const YamlNode& node, IdentityPolicy& identity, Report& report) {
  identity.table = read_identity_path(node, "table", report);
}

void load_lease_age(const YamlNode& node, IdentityPolicy& identity, Report& report) {
  identity.lease_max_age_s = read_duration(node, "lease-max-age", IdentityPolicy::kMinLeaseAgeS,
                                           IdentityPolicy::kMaxLeaseAgeS, report)
                                 .value_or(IdentityPolicy::kDefaultLeaseAgeS);
}

void load_neighbours(const YamlNode& node, IdentityPolicy& identity, Report& report) {
  identity.neighbours = read_bool(node, "neighbours", report).value_or(true);
}

std::vector<Address> read_clients(const YamlNode& node, Report& report) {
  std::vector<Address> out;
  for (const YamlNode* item : read_items(node, "clients", report)) {
    Address address;
    if (parse_address(item->text, address)) {
      out.push_back(address);
    } else {
      report.error(item->at, in_quotes(item->text) + " is not an address",
                   "write the address of a switch, an access point or a VPN server, as 10.20.0.2");
    }
  }
  return out;
}

uint16_t read_port(const YamlNode& node, Report& report) {
  uint16_t out = 0;
  const char* const last = node.text.data() + node.text.size();
  const auto [end, error] = std::from_chars(node.text.data(), last, out);
  if (node.kind == YamlNode::Kind::Scalar && error == std::errc{} && end == last && out != 0) return out;
  report.error(node.at, "`port` is not a port", "write 1 to 65535; where it is left out it is 1813");
  return IdentityRadius::kPort;
}

void load_radius(const YamlNode& node, IdentityPolicy& identity, Report& report) {
  const Fields fields(node, {"`radius`", kRadiusKeys}, report);
  if (!fields.is_map()) return;
  IdentityRadius radius;
  for (const std::string_view key : {"listen", "clients", "secret-file"}) {
    const YamlNode* value = fields.find(key);
    if (value == nullptr) {
      report.error(node.at, "`radius` has no `" + std::string(key) + "`",
                   "write {listen: 10.20.0.5, clients: [10.20.0.2], secret-file: /etc/sluice/radius.secret}");
    } else if (key == "secret-file") {
      radius.secret_file = read_identity_path(*value, key, report);
    } else if (key == "clients") {
      radius.clients = read_clients(*value, report);
    } else if (const auto text = read_text(*value, key, report);
               text && !parse_address(*text, radius.listen)) {
      report.error(value->at, in_quotes(*text) + " is not an address",
                   "write an address of this machine, as 10.20.0.5");
    }
  }
  if (const YamlNode* value = fields.find("port")) radius.port = read_port(*value, report);
  if (const YamlNode* value = fields.find("max-age"))
    radius.max_age_s =
        read_duration(*value, "max-age", IdentityRadius::kMinMaxAgeS, IdentityRadius::kMaxMaxAgeS, report)
            .value_or(IdentityRadius::kDefaultMaxAgeS);
  identity.radius = std::move(radius);
}

void load_leases(Word name, const YamlNode& node, PolicySource& out, Report& report) {
  LeasesSource source{std::move(name), {}, {}};
  IdentityLeases& leases = source.leases;
  leases.name = source.name.text;
  const Fields fields(node, {"leases", kLeaseKeys}, report);
  const YamlNode *const file = fields.find("file"), *const format = fields.find("format");
  if (fields.is_map() && (file == nullptr || format == nullptr))
    report.error(source.name.at,
                 "the leases " + in_quotes(leases.name) + " have no `" +
                     std::string(file == nullptr ? "file" : "format") + '`',
                 "write {file: /var/lib/misc/dnsmasq.leases, format: dnsmasq}");
  if (file != nullptr) leases.file = read_identity_path(*file, "file", report);
  if (format != nullptr)
    leases.format =
        static_cast<LeaseFormat>(read_choice(*format, "format", kLeaseFormatWords, report).value_or(0));
  if (const YamlNode* value = fields.find("timezone")) {
    source.timezone_at = value->at;
    leases.timezone = read_text(*value, "timezone", report).value_or("");
  }
  out.identity.leases.push_back(std::move(source));
}

}  // namespace

void load_identity(const YamlNode& node, PolicySource& source, Report& report) {
  static constexpr void (*kSingleIdentity[])(const YamlNode&, IdentityPolicy&, Report&) = {
      load_table, load_lease_age, load_neighbours, load_radius};
  static_assert(std::size(kSingleIdentity) == std::tuple_size_v<decltype(IdentitySource::given)>);
  const Fields fields(node, {"`identity`", kIdentityKeys}, report);
  for (size_t i = 0; i < std::size(kSingleIdentity); ++i) {
    const YamlNode* value = fields.find(kIdentityKeys[i]);
    if (value == nullptr) continue;
    std::optional<Position>& given = source.identity.given[i];
    if (given) {
      report_twice(value->at, kIdentityKeys[i], *given, report);
      continue;
    }
    given = value->at;
    kSingleIdentity[i](*value, source.identity.said, report);
  }
  if (const YamlNode* value = fields.find("leases")) {
    for (auto& [name, leases] : read_named(*value, "leases", report))
      load_leases(std::move(name), *leases, source, report);
  }
}

void check_identity(const PolicySource& source, Report& report) {
  for (const LeasesSource& each : source.identity.leases) {
    const IdentityLeases& leases = each.leases;
    if (leases.timezone.empty()) continue;
    if (!TimeZone::find(leases.timezone))
      report.error(each.timezone_at, in_quotes(leases.timezone) + " is not a time zone",
                   "write one as Asia/Shanghai");
    if (leases.format != LeaseFormat::Windows)
      report.error(each.timezone_at, "`timezone` without `format: windows`",
                   "leave it out: the other formats write UTC");
  }
  if (source.identity.leases.size() > kMaxLeaseSources)
    report.error(source.identity.leases.back().name.at,
                 "more than " + std::to_string(kMaxLeaseSources) + " files of leases", "leave out some");
}

IdentityPolicy identity_of(const PolicySource& source) {
  IdentityPolicy out = source.identity.said;
  if (source.timezone) out.timezone = source.timezone->text;
  for (const LeasesSource& each : source.identity.leases) {
    out.leases.push_back(each.leases);
    if (each.leases.format == LeaseFormat::Windows && each.leases.timezone.empty())
      out.leases.back().timezone = out.timezone;
  }
  std::ranges::sort(out.leases, {}, &IdentityLeases::name);
  for (const UserSource& user : source.users) {
    IdentityUser one{user.name.text, {}};
    for (const PrefixSource& address : user.addresses) one.addresses.push_back(address.prefix.address);
    out.users.push_back(std::move(one));
  }
  return out;
}

}  // namespace sluice::control
