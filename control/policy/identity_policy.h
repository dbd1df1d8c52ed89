// control/policy: what a policy says of who people are.
#pragma once

#include <array>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/contract/address.h"

namespace sluice::control {

/// What wrote a file of DHCP leases.
enum class LeaseFormat : uint8_t {
  Dnsmasq,
  Kea,      ///< the memfile of kea-dhcp4 or kea-dhcp6
  Dhcpd,    ///< ISC dhcpd.leases
  Windows,  ///< Microsoft's audit log, DhcpSrvLog-Mon.log and its like
};
inline constexpr std::array<std::string_view, 4> kLeaseFormatWords = {"dnsmasq", "kea", "dhcpd", "windows"};

/// A file of leases, or several that one server writes.
struct IdentityLeases {
  std::string name;
  std::string file;  ///< a path; with * in its last part: all that fit
  LeaseFormat format = LeaseFormat::Dnsmasq;
  std::string timezone;  ///< of Windows, which writes what its clock shows
  bool operator==(const IdentityLeases&) const = default;
};

/// Where sessions are told by RADIUS accounting.
struct IdentityRadius {
  static constexpr uint16_t kPort = 1813;  ///< where none is said: RFC 2866 3
  static constexpr uint32_t kMinMaxAgeS = 60, kMaxMaxAgeS = 30 * 86'400, kDefaultMaxAgeS = 86'400;
  Address listen;
  uint16_t port = kPort;
  std::vector<Address> clients;  ///< who may tell
  std::string secret_file;
  uint32_t max_age_s = kDefaultMaxAgeS;  ///< a session that nothing is heard of any more holds for so long
  bool operator==(const IdentityRadius&) const = default;
};

/// A person of the policy's `users`.
struct IdentityUser {
  std::string name;
  std::vector<Address> addresses;
  bool operator==(const IdentityUser&) const = default;
};

struct IdentityPolicy {
  static constexpr uint32_t kMinLeaseAgeS = 60, kMaxLeaseAgeS = 366 * 86'400, kDefaultLeaseAgeS = 8 * 86'400;
  std::string table;                   ///< a path; empty: none
  std::vector<IdentityLeases> leases;  ///< by name
  /// A lease holds no longer after it was granted or renewed, whatever it says.
  uint32_t lease_max_age_s = kDefaultLeaseAgeS;
  bool neighbours = true;  ///< what ARP and ND tell is used
  std::optional<IdentityRadius> radius;
  std::string timezone = "UTC";  ///< the site's, by which the table's times are read
  std::vector<IdentityUser> users;
  bool operator==(const IdentityPolicy&) const = default;
};

/// For another process, and back; nothing where value is not what a policy could say.
[[nodiscard]] nlohmann::json identity_policy_json(const IdentityPolicy& identity);
[[nodiscard]] std::optional<IdentityPolicy> identity_policy_from(const nlohmann::json& value);

}  // namespace sluice::control
