// registry tests: the sources together, over restarts.
#include "control/registry/registry.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>

#include "control/base/clock.h"
#include "control/policy/prefix.h"
#include "tests/unit/link/fake_shared.h"

namespace sluice::control {
namespace {

using nlohmann::json;
constexpr int64_t kSecond = 1'000'000'000;

struct RegistryTest : testing::Test {
  std::filesystem::path directory =
      std::filesystem::temp_directory_path() / ("sluice-registry-" + std::to_string(::getpid()));
  std::unique_ptr<Registry> registry;

  void SetUp() override {
    std::filesystem::remove_all(directory);
    std::filesystem::create_directories(directory);
    restart();
  }
  void TearDown() override {
    registry.reset();
    std::filesystem::remove_all(directory);
  }
  void restart() {
    registry.reset();
    registry = std::make_unique<Registry>(directory);
  }
  void write(const std::string& name, const std::string& text) const {
    // As careful servers do it.
    std::ofstream(directory / (name + ".new"), std::ios::binary) << text;
    std::filesystem::rename(directory / (name + ".new"), directory / name);
  }
  static Address address(const std::string& text) {
    Address out;
    EXPECT_TRUE(parse_address(text, out)) << text;
    return out;
  }
  static Record record(const std::string& source, int64_t time_ns = utc_now_ns()) {
    Record out{};
    out.source = address(source);
    out.time_ns = time_ns;
    return out;
  }
  Who who(const Record& of, bool shared = false) const {
    Who out;
    registry->attribute(of, shared, out);
    return out;
  }
  /// Whether it comes true, the registry's thread looks once a second.
  static bool soon(const std::function<bool()>& true_now) {
    for (int i = 0; i < 3000; ++i) {
      if (true_now()) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return false;
  }
};

TEST_F(RegistryTest, UsersOfThePolicyHaveAlwaysBeen) {
  IdentityPolicy identity;
  identity.users = {{"li.wei", {address("10.20.1.7"), address("fd12::7")}}};
  registry->set(identity);
  ASSERT_TRUE(soon([&] { return who(record("fd12::7")).user == "li.wei"; }));
  EXPECT_EQ(who(record("10.20.1.7", 1)).user, "li.wei");
  EXPECT_EQ(who(record("10.20.1.8")).why, NoUser::None);
  EXPECT_EQ(who(record("10.20.1.7"), true).why, NoUser::Shared);
}

TEST_F(RegistryTest, AnInboundAccessIsOfTheOneWhoIsAsked) {
  (void)registry->bind({{"address", "10.20.1.7"}, {"user", "li.wei"}});
  Record inbound = record("198.51.100.9");
  inbound.direction = Direction::Inbound;
  inbound.destination = address("10.20.1.7");
  EXPECT_EQ(who(inbound).user, "li.wei");
}

TEST_F(RegistryTest, TheEndOfAFlowIsOfWhoBeganIt) {
  const int64_t now = utc_now_ns();
  (void)registry->bind({{"address", "10.20.1.7"}, {"user", "li.wei"}, {"from", "2026-01-01T00:00:00Z"}});
  (void)registry->unbind({{"address", "10.20.1.7"}});
  Record end = record("10.20.1.7", now + 600 * kSecond);
  EXPECT_EQ(who(end).user, "");
  end.ended = Ended::Timeout;
  end.end.duration_ms = 500'000;
  end.end.idle_ms = 100'001;
  EXPECT_EQ(who(end).user, "li.wei");
  end.time_ns = INT64_MIN;
  EXPECT_EQ(who(end).user, "");
}

TEST_F(RegistryTest, LeasesAndTableAreReadAgainWhenTheyChange) {
  write("leases", "0 02:00:00:00:00:01 10.20.1.7 pc-7 *\n");
  write("table.csv", "02:00:00:00:00:01,li.wei\n");
  IdentityPolicy identity;
  identity.table = directory / "table.csv";
  identity.leases = {{"lan", directory / "leases", LeaseFormat::Dnsmasq, ""}};
  registry->set(identity);
  ASSERT_TRUE(soon([&] { return who(record("10.20.1.7")).user == "li.wei"; }));
  EXPECT_EQ(who(record("10.20.1.7")).machine, "pc-7");
  const int64_t before = utc_now_ns();
  std::this_thread::sleep_for(std::chrono::milliseconds(20));  // a file's clock is coarse
  write("leases", "0 02:00:00:00:00:01 10.20.1.8 pc-7 *\n0 02:00:00:00:00:02 10.20.1.7 pc-8 *\n");
  ASSERT_TRUE(soon([&] { return who(record("10.20.1.8")).user == "li.wei"; }));
  EXPECT_EQ(who(record("10.20.1.7", before)).user, "li.wei");
  EXPECT_EQ(who(record("10.20.1.7")).machine, "pc-8");
  write("leases", "0 02:00:00:00:00:01 10.2");  // cut in half: nothing ends
  ASSERT_TRUE(soon([&] { return registry->files()[1].problem_count == 1; }));
  EXPECT_EQ(who(record("10.20.1.8")).user, "li.wei");
  std::filesystem::remove(directory / "leases");
  ASSERT_TRUE(soon([&] { return registry->files()[1].problems.front().ends_with("is not there"); }));
  EXPECT_EQ(who(record("10.20.1.8")).user, "li.wei");
  write("table.csv", "10.20.1.7,wang.min\n");
  ASSERT_TRUE(soon([&] { return who(record("10.20.1.7")).user == "wang.min"; }));
  EXPECT_EQ(who(record("10.20.1.8")).user, "");
  EXPECT_EQ(who(record("10.20.1.8", before + 1)).user, "");  // it was not this machine's then
}

TEST_F(RegistryTest, NeighboursSayWhoseAnAddressIs) {
  FakeShared shared;
  std::string error;
  const auto region = SharedRegion::map(shared.fd.get(), error);
  ASSERT_TRUE(region) << error;
  Neighbour seen{address("fd12::1234"), {2, 0, 0, 0, 0, 1}, kNoVlan, utc_now_ns()};
  shared.stats().neighbours.note(seen);
  seen.address = address("10.20.1.7");
  shared.stats().neighbours.note(seen);
  seen.address = address("10.20.1.9");
  seen.seen_ns += int64_t{86'400} * kSecond;  // its clock is not ours
  shared.stats().neighbours.note(seen);
  IdentityPolicy identity;
  identity.users = {{"li.wei", {address("10.20.1.7")}}};
  registry->set(identity);
  registry->set_region(region);
  ASSERT_TRUE(soon([&] { return who(record("fd12::1234", utc_now_ns())).user == "li.wei"; }));
  EXPECT_EQ(registry->figures().held[static_cast<size_t>(HoldingSource::Neighbour)], 2u);
  identity.neighbours = false;
  registry->set(identity);
  ASSERT_TRUE(soon([&] { return who(record("fd12::1234")).user.empty(); }));
}

TEST_F(RegistryTest, SessionsBindingsAndThePolicySurviveARestart) {
  IdentityPolicy identity;
  identity.users = {{"li.wei", {address("10.20.1.7")}}};
  registry->set(identity);
  ASSERT_TRUE(soon([&] { return who(record("10.20.1.7")).user == "li.wei"; }));
  (void)registry->bind({{"address", "10.20.1.8"}, {"user", "wang.min"}, {"machine", "pc-8"}});
  RadiusRequest request;
  request.status = RadiusStatus::Start;
  request.user = "zhao.lei";
  request.session = "s";
  request.addresses = {address("10.20.1.9")};
  (void)registry->take(address("10.20.0.2"), request);
  restart();
  EXPECT_EQ(who(record("10.20.1.7")).user, "li.wei");
  EXPECT_EQ(who(record("10.20.1.8")).user, "wang.min");
  EXPECT_EQ(who(record("10.20.1.9")).user, "zhao.lei");
  request.status = RadiusStatus::Stop;
  (void)registry->take(address("10.20.0.2"), request);
  (void)registry->unbind({{"address", "10.20.1.8"}});
  restart();
  EXPECT_EQ(who(record("10.20.1.8")).user, "");
  EXPECT_EQ(who(record("10.20.1.9")).user, "");
}

TEST_F(RegistryTest, StateIsItsOwnersAlone) {
  (void)registry->bind({{"address", "10.20.1.8"}, {"user", "wang.min"}});
  registry.reset();
  EXPECT_EQ(std::filesystem::status(directory / "identity.json").permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

TEST_F(RegistryTest, DamagedStateIsSetAsideAndSaid) {
  (void)registry->bind({{"address", "10.20.1.8"}, {"user", "wang.min"}});
  registry.reset();
  std::string text;
  std::getline(std::ifstream(directory / "identity.json"), text, '\0');
  for (const size_t at : {size_t{3}, text.size() / 2, text.size() - 1}) {
    std::string changed = text;
    changed[at] ^= 1;
    std::ofstream(directory / "identity.json", std::ios::binary) << changed;
    restart();
    EXPECT_EQ(who(record("10.20.1.8")).user, "");
    EXPECT_EQ(registry->counts().state_set_aside.load(), 1u);
    EXPECT_TRUE(std::filesystem::exists(directory / "identity.json.damaged"));
    registry.reset();
    std::filesystem::remove(directory / "identity.json");
  }
  std::ofstream(directory / "identity.json", std::ios::binary) << text;
  restart();
  EXPECT_EQ(who(record("10.20.1.8")).user, "wang.min");
}

TEST_F(RegistryTest, WrongRequestsAreAnsweredWithWhy) {
  const auto error = [&](const json& request) { return registry->bind(request).value("error", ""); };
  EXPECT_NE(error({}), "");
  EXPECT_NE(error({{"address", 7}}), "");
  EXPECT_NE(error({{"address", "10.20.1.0/24"}, {"user", "a"}}), "");
  EXPECT_NE(error({{"address", "10.20.1.7"}}), "");
  EXPECT_NE(error({{"address", "10.20.1.7"}, {"user", std::string(4096, 'x')}}), "");
  EXPECT_NE(error({{"address", "10.20.1.7"}, {"user", "a"}, {"from", "yesterday"}}), "");
  EXPECT_NE(error({{"address", "10.20.1.7"}, {"user", "a"}, {"from", "2099-01-01T00:00:00Z"}}), "");
  EXPECT_NE(error({{"address", "10.20.1.7"}, {"user", "a"}, {"until", "2020-01-01T00:00:00Z"}}), "");
  EXPECT_EQ(registry->unbind({{"address", "10.20.1.7"}})["unbound"], 0);
  EXPECT_NE(registry->who({{"who", ""}}).value("error", ""), "");
  EXPECT_NE(registry->who({{"who", "a"}, {"at", 7}}).value("error", ""), "");
}

TEST_F(RegistryTest, SaysWhatItKnowsAndFromWhere) {
  (void)registry->bind({{"address", "10.20.1.7"}, {"user", "li\xff.wei"}, {"machine", "pc-7"}});
  const json of_address = registry->who({{"who", "10.20.1.7"}});
  EXPECT_EQ(of_address["verdict"]["user"], "li\u00ff.wei");
  EXPECT_EQ(of_address["bindings"][0]["source"], "api");
  EXPECT_EQ(of_address["bindings"][0]["until"], nullptr);
  EXPECT_EQ(registry->who({{"who", "li\xff.wei"}})["bindings"][0]["address"], "10.20.1.7");
  EXPECT_TRUE(registry->who({{"who", "02:00:00:00:00:01"}})["bindings"].empty());
  EXPECT_TRUE(registry->who({{"who", "10.20.1.7"}, {"at", "2026-01-01"}})["bindings"].empty());
  EXPECT_NO_THROW((void)of_address.dump());
}

}  // namespace
}  // namespace sluice::control
