// bench: what each room's own work costs: decode, flow, policy, act, log. Extract has a program of its own.
#include <benchmark/benchmark.h>
#include <rte_mbuf.h>

#include <memory>
#include <random>

#include "bench/gateway.h"
#include "dataplane/act/answer.h"
#include "dataplane/decode/glance.h"
#include "dataplane/flow/flow_table.h"
#include "dataplane/log/event_ring.h"
#include "tests/support/frame.h"
#include "tests/support/payload.h"

namespace sluice::bench {
namespace {

using test::Bytes;
using test::Frame;

/// The answer is checked before it is timed.
void expect(bool right, const char* what) {
  if (!right) fail(std::string(what) + " gives another answer");
}

Frame tcp_frame(uint8_t flags) {
  return Frame().ip("10.20.1.7", "198.51.100.9").tcp(40'000, 443, flags);
}

Packet decoded(const Bytes& frame) {
  Packet packet;
  expect(decode_frame(frame, static_cast<uint32_t>(frame.size()), packet).kind == Decoded::Kind::Ip,
         "decode");
  return packet;
}

void decode_glance(benchmark::State& state) {
  const Bytes frame = tcp_frame(kAck).payload("data").pad_to(60).build();
  const auto size = static_cast<uint32_t>(frame.size());
  uint32_t ports = 0;
  const auto look = [&](const auto& seen) { ports = seen.control() == kAck ? seen.ports : 0; };
  expect(glance(frame, size, look) && ports >> 16 == 40'000, "glance");
  for (auto _ : state) {
    benchmark::DoNotOptimize(glance(frame, size, look));
    benchmark::DoNotOptimize(ports);
  }
}

void decode(benchmark::State& state, const Frame& frame) {
  const Bytes bytes = frame.build();
  Packet packet = decoded(bytes);
  expect(packet.source_port == 40'000, "decode");
  for (auto _ : state) {
    benchmark::DoNotOptimize(decode_frame(bytes, static_cast<uint32_t>(bytes.size()), packet));
    benchmark::DoNotOptimize(packet);
  }
}
void decode_tcp(benchmark::State& state) {
  decode(state, tcp_frame(kAck).payload("data"));
}
void decode_tcp_in_two_vlans(benchmark::State& state) {
  decode(state, tcp_frame(kAck).vlan(7, 0x88a8).vlan(20).payload("data"));
}
void decode_udp_of_ipv6_with_options(benchmark::State& state) {
  decode(state, Frame().ip("fd12:3456:20::7", "2001:db8::9").extension(0).udp(40'000, 443).payload("data"));
}

FlowKey key_of(size_t number) {
  const ClientEnd client = client_of(number);
  const uint8_t local[] = {10, 20, client.third, client.fourth}, remote[] = {198, 51, 100, 9};
  return FlowKey::words(Address::from_v4(local).words(), Address::from_v4(remote).words(),
                        client.port | uint32_t{443} << 16, kNoVlan, kTcp, 0)
      .key();
}

/// The look-up of a burst, as the worker does it, each time of other flows among so many.
void flow_look_up(benchmark::State& state) {
  const auto flows = static_cast<uint32_t>(state.range(0));
  FlowTable table;
  expect(table.create(flows, 1), "memory");
  std::vector<FlowKey> keys;
  for (size_t i = 0; i < flows; ++i) {
    keys.push_back(key_of(i));
    expect(table.insert(keys.back(), table.hash(keys.back())) != nullptr, "insert");
  }
  std::ranges::shuffle(keys, std::mt19937(1));
  for (const FlowKey& key : keys) {
    const Flow* flow = table.find(key, table.hash(key));
    expect(flow != nullptr && flow->key == key, "find");
  }
  size_t at = 0;
  for (auto _ : state) {
    uint64_t hashes[kBurst];
    Flow* found[kBurst];
    if (at + kBurst > keys.size()) at = 0;
    const FlowTable::Bucket* buckets[kBurst];
    for (size_t i = 0; i < kBurst; ++i) buckets[i] = table.prefetch(hashes[i] = table.hash(keys[at + i]));
    for (size_t i = 0; i < kBurst; ++i) {
      found[i] = table.candidate(hashes[i], buckets[i]);
      if (found[i] == nullptr) __builtin_prefetch(table.second(hashes[i]));
    }
    for (size_t i = 0; i < kBurst; ++i)
      if (found[i] == nullptr) found[i] = table.candidate(hashes[i], table.second(hashes[i]));
    for (size_t i = 0; i < kBurst; ++i) found[i] = table.find(keys[at + i], hashes[i], found[i]);
    benchmark::DoNotOptimize(found);
    at += kBurst;
  }
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations()) * kBurst);
}

void flow_insert_and_erase(benchmark::State& state) {
  FlowTable table;
  expect(table.create(65'536, 1), "memory");
  size_t number = 0;
  for (auto _ : state) {
    const FlowKey key = key_of(number++ % 1'000'000);
    table.erase(*table.insert(key, table.hash(key)));
  }
  expect(table.size() == 0, "erase");
}

Subject subject_of(std::string_view name) {
  Subject subject{.transport = 6, .service_port = 443, .protocol = Protocol::Tls, .seen = Seen::Sni};
  const uint8_t local[] = {10, 20, 1, 7}, remote[] = {198, 51, 100, 9};
  subject.local = Address::from_v4(local);
  subject.remote = Address::from_v4(remote);
  subject.name = name;
  return subject;
}

void judge(benchmark::State& state, std::string_view name, Action wanted) {
  const auto site = open_site({});
  const Subject subject = subject_of(name);
  expect(site->policy->judge(subject, site->scratch).action == wanted, "judge");
  for (auto _ : state) benchmark::DoNotOptimize(site->policy->judge(subject, site->scratch));
}
void policy_judge_allowed(benchmark::State& state) {
  judge(state, "www.asked.example", Action::Allowed);
}
void policy_judge_blocked(benchmark::State& state) {
  const std::string names = listed_names(1);
  judge(state, "www." + names.substr(0, names.size() - 1), Action::Blocked);
}

void refuse(benchmark::State& state, const Bytes& frame, Protocol protocol, Answer wanted) {
  test::start_eal();
  const Packet packet = decoded(frame);
  Refusal refusal;
  refusal.protocol = protocol;
  refusal.rule = "no-listed", refusal.reference = "1-2-3", refusal.host = "www.listed.example";
  const auto answer = [&] {
    const Answers answers = refuse(test::test_pool(), packet, frame, refusal);
    for (uint8_t i = 0; i < answers.count; ++i) rte_pktmbuf_free(answers.packets[i].mbuf);
    return answers;
  };
  const Answers first = answer();
  expect(first.kind == wanted && first.count > 0 && first.missing == 0, "refuse");
  for (auto _ : state) benchmark::DoNotOptimize(answer());
}
void act_refuse_tls(benchmark::State& state) {
  refuse(state, tcp_frame(kPsh | kAck).payload(test::tls_hello("www.listed.example")).build(), Protocol::Tls,
         Answer::TlsAlert);
}
void act_refuse_http(benchmark::State& state) {
  refuse(state, tcp_frame(kPsh | kAck).payload(test::http_request("www.listed.example")).build(),
         Protocol::Http, Answer::HttpPage);
}
void act_refuse_dns(benchmark::State& state) {
  const Bytes query = test::dns_query({.name = "www.listed.example"});
  refuse(state, Frame().ip("10.20.1.7", "198.51.100.9").udp(40'000, 53).payload(query).build(), Protocol::Dns,
         Answer::DnsRefusal);
}
void act_refuse_udp(benchmark::State& state) {
  refuse(state, Frame().ip("10.20.1.7", "198.51.100.9").udp(40'000, 443).payload("data").build(),
         Protocol::Quic, Answer::IcmpProhibited);
}

void log_push(benchmark::State& state) {
  constexpr uint64_t kSlots = 1 << 16;
  void* memory = std::aligned_alloc(64, sizeof(RingHeader) + kSlots * kSlotBytes);
  expect(memory != nullptr, "memory");
  auto* ring = new (memory) RingHeader{kSlots, {}, {}, {}};
  EventRing events(*ring);
  for (auto _ : state) {
    benchmark::DoNotOptimize(events.push(Record{}, "www.asked.example"));
    if (events.written() % 1024 == 0) ring->tail.store(ring->head.load());
  }
  expect(events.lost() == 0 && ring->head.load() == events.written(), "push");
  std::free(memory);
}

BENCHMARK(decode_glance);
BENCHMARK(decode_tcp);
BENCHMARK(decode_tcp_in_two_vlans);
BENCHMARK(decode_udp_of_ipv6_with_options);
BENCHMARK(flow_look_up)->Arg(1'000)->Arg(1'000'000);
BENCHMARK(flow_insert_and_erase);
BENCHMARK(policy_judge_allowed);
BENCHMARK(policy_judge_blocked);
BENCHMARK(act_refuse_tls);
BENCHMARK(act_refuse_http);
BENCHMARK(act_refuse_dns);
BENCHMARK(act_refuse_udp);
BENCHMARK(log_push);

}  // namespace
}  // namespace sluice::bench

BENCHMARK_MAIN();
