// control/policy: what a policy says of who people are.
#include "control/policy/identity_policy.h"

#include <limits>
#include <nlohmann/json.hpp>

#include "control/policy/log_policy.h"
#include "control/policy/prefix.h"
#include "control/policy/time_zone.h"

namespace sluice::control {
namespace {

using nlohmann::json;

std::string address_text(const Address& address) {
  return to_string(Prefix{address, 128});
}

json addresses_json(const std::vector<Address>& addresses) {
  json out = json::array();
  for (const Address& each : addresses) out.push_back(address_text(each));
  return out;
}

/// Throws json::exception where value is something else.
Address address_from(const json& value) {
  Address out;
  if (!parse_address(value.get<std::string>(), out))
    throw json::other_error::create(501, "no address", &value);
  return out;
}

std::vector<Address> addresses_from(const json& value) {
  std::vector<Address> out;
  for (const json& each : value) out.push_back(address_from(each));
  return out;
}

/// Throws as address_from does, of a negative one and one that is too large too.
template <typename Number>
Number number_from(const json& value) {
  if (!value.is_number_unsigned() || value.get<uint64_t>() > std::numeric_limits<Number>::max())
    throw json::other_error::create(501, "no such number", &value);
  return value.get<Number>();
}

IdentityRadius radius_from(const json& value) {
  return {address_from(value.at("listen")), number_from<uint16_t>(value.at("port")),
          addresses_from(value.at("clients")), value.at("secret_file").get<std::string>(),
          number_from<uint32_t>(value.at("max_age_s"))};
}

bool fits(const IdentityLeases& leases) {
  return !leases.name.empty() && is_rooted_path(leases.file) &&
         static_cast<size_t>(leases.format) < kLeaseFormatWords.size() &&
         (leases.format != LeaseFormat::Windows || TimeZone::find(leases.timezone));
}

bool fits(const IdentityRadius& radius) {
  return radius.port != 0 && !radius.clients.empty() && is_rooted_path(radius.secret_file) &&
         radius.max_age_s >= IdentityRadius::kMinMaxAgeS && radius.max_age_s <= IdentityRadius::kMaxMaxAgeS;
}

bool fits(const IdentityPolicy& identity) {
  for (const IdentityLeases& each : identity.leases)
    if (!fits(each)) return false;
  return TimeZone::find(identity.timezone) && (identity.table.empty() || is_rooted_path(identity.table)) &&
         identity.lease_max_age_s >= IdentityPolicy::kMinLeaseAgeS &&
         identity.lease_max_age_s <= IdentityPolicy::kMaxLeaseAgeS &&
         (!identity.radius || fits(*identity.radius));
}

}  // namespace

json identity_policy_json(const IdentityPolicy& identity) {
  json leases = json::array(), users = json::array(), radius;
  for (const IdentityLeases& each : identity.leases)
    leases.push_back({{"name", each.name},
                      {"file", each.file},
                      {"format", static_cast<unsigned>(each.format)},
                      {"timezone", each.timezone}});
  for (const IdentityUser& each : identity.users)
    users.push_back({{"name", each.name}, {"addresses", addresses_json(each.addresses)}});
  if (identity.radius)
    radius = {{"listen", address_text(identity.radius->listen)},
              {"port", identity.radius->port},
              {"clients", addresses_json(identity.radius->clients)},
              {"secret_file", identity.radius->secret_file},
              {"max_age_s", identity.radius->max_age_s}};
  return {{"table", identity.table},
          {"leases", std::move(leases)},
          {"lease_max_age_s", identity.lease_max_age_s},
          {"neighbours", identity.neighbours},
          {"radius", std::move(radius)},
          {"timezone", identity.timezone},
          {"users", std::move(users)}};
}

std::optional<IdentityPolicy> identity_policy_from(const json& value) {
  IdentityPolicy out;
  try {
    out.table = value.at("table").get<std::string>();
    for (const json& each : value.at("leases"))
      out.leases.push_back({each.at("name").get<std::string>(), each.at("file").get<std::string>(),
                            static_cast<LeaseFormat>(number_from<uint8_t>(each.at("format"))),
                            each.at("timezone").get<std::string>()});
    out.lease_max_age_s = number_from<uint32_t>(value.at("lease_max_age_s"));
    out.neighbours = value.at("neighbours").get<bool>();
    if (const json& radius = value.at("radius"); !radius.is_null()) out.radius = radius_from(radius);
    out.timezone = value.at("timezone").get<std::string>();
    for (const json& each : value.at("users"))
      out.users.push_back({each.at("name").get<std::string>(), addresses_from(each.at("addresses"))});
  } catch (const json::exception&) {
    return std::nullopt;
  }
  return fits(out) ? std::optional(std::move(out)) : std::nullopt;
}

}  // namespace sluice::control
