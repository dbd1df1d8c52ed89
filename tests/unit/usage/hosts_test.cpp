// usage tests: addresses that look like a server, a relay or several machines, and those that only might.
#include "control/usage/hosts.h"
#include "tests/unit/usage/usage_log.h"

namespace sluice::control {
namespace {

using testing::ElementsAre;
using testing::Pair;

constexpr const char *kHost = "10.20.8.1", *kPeer = "203.0.113.66", *kFar = "198.51.100.9";

struct UsageHosts : UsageLog {
  HostsFound of(const std::set<std::string>& shared = {}) {
    save();
    HostsFound found;
    EXPECT_EQ(find_hosts(scope(), shared, found), "");
    return found;
  }
  /// The end of a flow from the line to a host.
  nlohmann::json& end_in(double at_s, const std::string& host, const std::string& peer, uint64_t in,
                         uint64_t back, double lasted_s = 1) {
    end(at_s, peer, "", in, back);
    nlohmann::json& out = written.back();
    out["network"] = {{"protocol", "tls"}, {"transport", "tcp"}, {"direction", "inbound"}};
    out["source"]["port"] = 40'000 + written.size();
    out["destination"]["ip"] = host;
    out["event"]["duration"] = static_cast<uint64_t>(lasted_s * static_cast<double>(kSecond));
    return out;
  }
  nlohmann::json& end_out(double at_s, const std::string& host, uint64_t up, uint64_t down,
                          double lasted_s = 1) {
    end(at_s, host, "", up, down);
    nlohmann::json& out = written.back();
    out["network"]["transport"] = "tcp";
    out["source"]["port"] = 40'000 + written.size();
    out["event"]["duration"] = static_cast<uint64_t>(lasted_s * static_cast<double>(kSecond));
    return out;
  }
  /// An access whose packet bore that TTL.
  nlohmann::json& bore(double at_s, const std::string& client, unsigned ttl) {
    nlohmann::json& out = access(at_s, client, "www.example");
    out["network"]["transport"] = "tcp";
    out["sluice"]["ttl"] = ttl;
    return out;
  }
};

TEST_F(UsageHosts, WhatAnswersTheLineIsLikeAServer) {
  ruled(0, kPeer, "", "allowed", "hq-print")["network"]["direction"] = "inbound";
  written.back()["destination"]["ip"] = kHost;
  for (int i = 0; i < 12; ++i) {
    end_in(i, kHost, "203.0.113." + std::to_string(i % 4), 500, 9000)["destination"]["port"] =
        i < 9 ? 443 : 22;
  }
  const HostsFound found = of();
  ASSERT_EQ(found.hosts.size(), 1U);
  const HostFound& host = found.hosts[0];
  EXPECT_TRUE(host.is_server_like());
  EXPECT_FALSE(host.is_relay_like());
  EXPECT_FALSE(host.is_several_machines());
  EXPECT_EQ(host.address, kHost);
  EXPECT_EQ(host.network, "finance");
  EXPECT_EQ(host.served.answered, 12U);
  EXPECT_EQ(host.served.peers, 4U);
  EXPECT_EQ(host.served.bytes_out, 108'000U);
  EXPECT_THAT(host.served.ports, ElementsAre(Pair("tcp/22", 3), Pair("tcp/443", 9)));
  EXPECT_THAT(host.served.rules, ElementsAre("hq-print"));
}

TEST_F(UsageHosts, WhoIsKnockedAtIsNoServer) {
  for (int i = 0; i < 100; ++i) {
    end_in(i, kHost, kPeer, 60, 0);                                     // nothing, or a reset, came back
    end_in(i, kHost, kPeer, 60, 600)["event"]["action"] = "blocked";    // it was refused
    end_in(i, "10.20.8.2", kPeer, 60, 600)["sluice"].erase("network");  // nobody's address
    end_out(i, kHost, 600, 9000);                                       // it asked itself
  }
  for (int i = 0; i < 9; ++i) {
    end_in(100 + i, kHost, kPeer, 600, 9000);
  }
  EXPECT_TRUE(of().hosts.empty());
}

TEST_F(UsageHosts, ALongFlowCountsOnceWithAllItsBytes) {
  for (int i = 0; i < 10; ++i) {
    nlohmann::json first = end_in(i, kHost, kPeer, 1, 1000);
    written.back()["sluice"]["ended"] = "continues";
    first["destination"]["bytes"] = 0;
    written.push_back(first);
  }
  const HostsFound found = of();
  ASSERT_EQ(found.hosts.size(), 1U);
  EXPECT_EQ(found.hosts[0].served.answered, 10U);
  EXPECT_EQ(found.hosts[0].served.bytes_out, 10'000U);
}

TEST_F(UsageHosts, WhatComesInAndGoesOutAtOnceIsLikeARelay) {
  for (int i = 0; i < 4; ++i) {
    access(i * 100, kPeer, "", "allowed", "rule")["network"]["direction"] = "inbound";
    written.back()["destination"]["ip"] = kHost;
    end_out(i * 100 + 60, kHost, 3'000, 800'000, 55);
    end_in(i * 100 + 61, kHost, kPeer, 4'000, 815'000, 60);  // with what a proxy's own TLS adds
  }
  const HostsFound found = of();
  ASSERT_EQ(found.hosts.size(), 1U);
  EXPECT_TRUE(found.hosts[0].is_relay_like());
  EXPECT_EQ(found.hosts[0].relayed.pairs, 4U);
  EXPECT_EQ(found.hosts[0].relayed.from, kPeer);
  EXPECT_EQ(found.hosts[0].relayed.to, kFar);
  EXPECT_FALSE(found.hosts[0].is_server_like());
}

TEST_F(UsageHosts, FlowsThatDoNotPairUpAreNoRelay) {
  for (int i = 0; i < 9; ++i) {
    const double at_s = i * 1000;
    end_in(at_s + 60, kHost, kPeer, 4'000, 800'000, 60);
    end_out(at_s + 200, kHost, 4'000, 800'000, 50);  // begins when the other is over
    end_in(at_s + 460, kHost, kPeer, 4'000, 800'000, 60);
    end_out(at_s + 459, kHost, 4'000, 500'000, 50);  // another size
    end_in(at_s + 660, kHost, kPeer, 400, 8'000, 60);
    end_out(at_s + 659, kHost, 400, 8'000, 50);  // small ones are alike by chance
    end_in(at_s + 860, kHost, kFar, 4'000, 800'000, 60);
    end_out(at_s + 859, kHost, 4'000, 800'000, 50);  // the same far end: nothing goes on elsewhere
  }
  for (int i = 0; i < 2; ++i) {  // a pair or two may be chance
    end_in(20'000 + i * 100, kHost, kPeer, 7'000, 900'000, 60);
    end_out(20'000 + i * 100, kHost, 7'000, 900'000, 50);
  }
  const HostsFound found = of();
  ASSERT_EQ(found.hosts.size(), 1U);
  EXPECT_FALSE(found.hosts[0].is_relay_like()) << found.hosts[0].relayed.pairs;
}

TEST_F(UsageHosts, TtlsThatComeByTurnsAreSeveralMachines) {
  for (int i = 0; i < 12; ++i) {
    bore(i, kHost, 127);
    bore(i, kHost, 63);
    bore(i, "10.20.8.2", 62);
    bore(i, "10.20.8.2", 63);  // two distances of one initial TTL
  }
  const HostsFound found = of();
  ASSERT_EQ(found.hosts.size(), 2U);
  EXPECT_TRUE(found.hosts[0].is_several_machines());
  EXPECT_THAT(found.hosts[0].ttls.values, ElementsAre(Pair(63, 12), Pair(127, 12)));
  EXPECT_EQ(found.hosts[0].ttls.switches, 23U);
  EXPECT_TRUE(found.hosts[1].is_several_machines());
}

TEST_F(UsageHosts, OneMachineIsNotSeveral) {
  for (int i = 0; i < 40; ++i) {
    bore(i, "10.20.8.1", 64);
    bore(i, "10.20.8.1", 1 + i % 30);                       // traceroute
    bore(i, "10.20.8.2", i < 20 ? 64 : 128);                // the address was given to another one
    bore(i, "10.20.8.3", i % 8 == 0 && i < 33 ? 128 : 64);  // too few
    bore(i, "10.20.8.4", i % 2 == 0 ? 64 : 128)["network"]["transport"] = "icmp";  // ping chooses its own
  }
  EXPECT_TRUE(of().hosts.empty());
}

TEST_F(UsageHosts, ManyPeopleBehindASharedAddressAreNoNews) {
  for (int i = 0; i < 20; ++i) {
    bore(i, kHost, i % 2 == 0 ? 64 : 128);
  }
  EXPECT_EQ(of().hosts.size(), 1U);
  EXPECT_TRUE(of({"finance"}).hosts.empty());
}

TEST_F(UsageHosts, WhatIsRefusedShowsNothing) {
  for (int i = 0; i < 20; ++i) {
    bore(i, kHost, i % 2 == 0 ? 64 : 128)["event"]["action"] = "blocked";
  }
  const HostsFound found = of();
  EXPECT_TRUE(found.hosts.empty());
  EXPECT_EQ(found.looked_at, 0U);
}

}  // namespace
}  // namespace sluice::control
