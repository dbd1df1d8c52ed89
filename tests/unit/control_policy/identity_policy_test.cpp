// tests: where a policy lets people be known from, wrong and right, and its way to the daemon.
#include "control/policy/identity_policy.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/unit/control_policy/compile_helper.h"

namespace sluice::control::test {
namespace {

using nlohmann::json;

class IdentityDiagnosed : public testing::TestWithParam<Case> {};

TEST_P(IdentityDiagnosed, AtItsPlaceWithWhatIsRight) {
  EXPECT_EQ(problems(GetParam().yaml), GetParam().expected);
}

std::string identity(const std::string& keys) {
  return "identity: {" + keys + "}\n";
}
std::string leases(const std::string& keys) {
  return "identity: {leases: {lan: {" + keys + "}}}\n";
}

INSTANTIATE_TEST_SUITE_P(
    Identity, IdentityDiagnosed,
    testing::Values(
        Case{"Right", identity("table: /t, lease-max-age: 1h, neighbours: false"), {}},
        Case{"NoMap",
             "identity: yes\n",
             {"t:1:11: `identity` is written as a single value; write {table: ...}"}},
        Case{"Key",
             identity("tables: /t"),
             {"t:1:12: unknown key 'tables' in `identity`; did you mean `table`?"}},
        Case{"Path",
             identity("table: people.csv"),
             {"t:1:19: `table` has a path that does not begin with /; write it from the root, as "
              "/etc/sluice/identity/table"}},
        Case{"NoFormat",
             leases("file: /a"),
             {"t:1:21: the leases 'lan' have no `format`; write {file: /var/lib/misc/dnsmasq.leases, format: "
              "dnsmasq}"}},
        Case{"Format",
             leases("file: /a, format: isc"),
             {"t:1:45: `format` cannot be 'isc'; write dnsmasq, kea, dhcpd or windows"}},
        Case{"Zone",
             leases("file: /a, format: windows, timezone: Mars/Olympus"),
             {"t:1:64: 'Mars/Olympus' is not a time zone; write one as Asia/Shanghai"}},
        Case{"ZoneOfUtc",
             leases("file: /a, format: kea, timezone: Asia/Shanghai"),
             {"t:1:60: `timezone` without `format: windows`; leave it out: the other formats write UTC"}},
        Case{"RadiusWithout",
             identity("radius: {listen: 10.20.0.5}"),
             {"t:1:20: `radius` has no `clients`; write {listen: 10.20.0.5, clients: [10.20.0.2], "
              "secret-file: "
              "/etc/sluice/radius.secret}",
              "t:1:20: `radius` has no `secret-file`; write {listen: 10.20.0.5, clients: [10.20.0.2], "
              "secret-file: "
              "/etc/sluice/radius.secret}"}},
        Case{"RadiusWrong",
             identity("radius: {listen: here, port: 70000, clients: [10.20.0.0/24], secret-file: s}"),
             {"t:1:29: 'here' is not an address; write an address of this machine, as 10.20.0.5",
              "t:1:41: `port` is not a port; write 1 to 65535; where it is left out it is 1813",
              "t:1:58: '10.20.0.0/24' is not an address; write the address of a switch, an access point or a "
              "VPN "
              "server, as 10.20.0.2",
              "t:1:86: `secret-file` has a path that does not begin with /; write it from the root, as "
              "/etc/sluice/identity/secret-file"}}),
    name_of);

IdentityPolicy identity_in(const std::string& text) {
  Compiled compiled = compile({{"base", std::string(kBase)}, {"t", text}});
  EXPECT_TRUE(compiled.policy.has_value());
  return compiled.policy ? compiled.policy->identity : IdentityPolicy{};
}

const std::string kWholeIdentity =
    "timezone: Asia/Shanghai\n"
    "users: {li.wei: {addresses: [10.20.1.7, \"fd12::7\"]}}\n"
    "identity:\n"
    "  table: /t.csv\n"
    "  leases: {b: {file: /b, format: windows}, a: {file: /a, format: kea}}\n"
    "  radius: {listen: \"fd12::5\", clients: [10.20.0.2], secret-file: /s, max-age: 2h}\n";

TEST(IdentityPolicy, SaysWhatThePolicySays) {
  const IdentityPolicy said = identity_in(kWholeIdentity);
  EXPECT_EQ(said.table, "/t.csv");
  EXPECT_EQ(said.timezone, "Asia/Shanghai");
  EXPECT_TRUE(said.neighbours);
  EXPECT_EQ(said.lease_max_age_s, 8u * 86'400);
  ASSERT_EQ(said.leases.size(), 2u);
  EXPECT_EQ(said.leases[0], (IdentityLeases{"a", "/a", LeaseFormat::Kea, ""}));
  EXPECT_EQ(said.leases[1], (IdentityLeases{"b", "/b", LeaseFormat::Windows, "Asia/Shanghai"}));
  ASSERT_TRUE(said.radius);
  EXPECT_EQ(said.radius->port, 1813);
  EXPECT_EQ(said.radius->max_age_s, 7200u);
  ASSERT_EQ(said.users.size(), 1u);
  EXPECT_EQ(said.users[0].name, "li.wei");
  EXPECT_EQ(said.users[0].addresses.size(), 2u);
}

TEST(IdentityPolicy, LeftOutNeighboursAreUsed) {
  EXPECT_EQ(identity_in("{}\n"), IdentityPolicy{});
}

TEST(IdentityPolicy, SurvivesTheWay) {
  for (const IdentityPolicy& each : {IdentityPolicy{}, identity_in(kWholeIdentity)})
    EXPECT_EQ(identity_policy_from(identity_policy_json(each)), each);
}

TEST(IdentityPolicy, WithAnyMemberMissingOrOfAnotherKindIsRefused) {
  const json whole = identity_policy_json(identity_in(kWholeIdentity)), flat = whole.flatten();
  for (const auto& [path, value] : flat.items()) {
    for (const json& other : {json(-1), json(json::array({7})), json("\n"), json()}) {
      json changed = whole;
      changed[json::json_pointer(path)] = other;
      const bool name = path.ends_with("/name") || path.ends_with("leases/0/timezone") || path == "/table";
      if (other.is_string() && name) continue;
      EXPECT_EQ(identity_policy_from(changed), std::nullopt) << path << ' ' << other;
    }
  }
}

}  // namespace
}  // namespace sluice::control::test
