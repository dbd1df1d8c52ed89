// tests: several workers' pipelines in one process, and an office's traffic for them.
#pragma once

#include <gtest/gtest.h>
#include <rte_mbuf.h>

#include <cstring>
#include <map>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "dataplane/decode/packet.h"
#include "dataplane/log/event_ring.h"
#include "dataplane/worker/pipeline.h"
#include "tests/support/eal.h"
#include "tests/support/frame.h"
#include "tests/support/h2.h"
#include "tests/support/payload.h"
#include "tests/support/policy.h"

namespace sluice::test {

inline constexpr const char* kRules = R"(
lists:
  bad: {names: [bad.example]}
  work: {names: [work.example]}
rules:
  - {name: no-bad, to: [bad], action: block}
  - {name: finance-work, from: [finance], to: [work], action: allow}
)";

struct Sent {
  Bytes frame;
  Side from;
};

/// Several pipelines that hand packets and bindings to each other at once, as the poll loops do a little
/// later.
class Workers {
 public:
  Workers(uint32_t count, const std::string& rules) {
    for (uint32_t worker = 0; worker < count; ++worker) {
      policies_.push_back(test::make_policy(test::kOffice + rules));
      rings_.push_back(std::make_unique<Ring>());
      PipelineConfig config;
      config.worker = static_cast<uint8_t>(worker);
      config.workers = static_cast<uint8_t>(count);
      config.ports[0] = {0, Side::Lan};
      config.ports[1] = {0, Side::Line};
      config.port_count = 2;
      config.lines[0] = "line-a";
      config.seed = 42;
      pipelines_.push_back(
          Pipeline::create(config, test::test_pool(), rings_.back()->stats, rings_.back()->events));
      pipelines_.back()->set_policy(policies_.back()->policy.get(), &policies_.back()->scratch);
    }
  }

  void send(const Bytes& frame, Side from, uint32_t queue) {
    rte_mbuf* mbuf = test::to_mbuf(test::test_pool(), frame);
    mbuf->port = from == Side::Lan ? 0 : 1;
    now_.ms += 1;
    run(queue, mbuf, &Pipeline::process);
  }

  /// Sends packets to the one worker there is; arm(true) is called before each enters the pipeline,
  /// arm(false) after.
  template <class Arm>
  void send(const std::vector<Sent>& packets, Arm arm) {
    auto output = std::make_unique<Output>();
    for (const Sent& packet : packets) {
      rte_mbuf* mbuf = to_mbuf(test_pool(), packet.frame);
      mbuf->port = packet.from == Side::Lan ? 0 : 1;
      now_.ms += 1;
      arm(true);
      pipelines_[0]->process({&mbuf, 1}, now_, *output);
      pipelines_[0]->housekeeping(now_, *output);
      arm(false);
      for (auto& batch : output->ports)
        rte_pktmbuf_free_bulk(batch.packets.data(), std::exchange(batch.count, uint16_t{0}));
      output->news_count = 0;
    }
  }

  /// What was decided, without the order in which workers wrote it.
  std::multiset<std::string> decisions() const {
    std::multiset<std::string> all;
    for (const auto& ring : rings_) {
      for (uint64_t at = 0; at < ring->header()->head.load();) {
        Record record;
        std::memcpy(&record, ring->slot(at), sizeof record);
        at += record.slots;
        if (record.ended != Ended::No) continue;
        std::string line(reinterpret_cast<const char*>(record.source.bytes.data()), 16);
        line += std::to_string(record.source_port) + " " + std::to_string(record.destination_port) + " " +
                std::string(word_of(static_cast<Action>(record.action))) + " " +
                std::string(word_of(static_cast<Reason>(record.reason))) + " " + std::to_string(record.rule) +
                " " + std::string(word_of(static_cast<Seen>(record.seen))) + " " +
                std::to_string(record.source_bytes) + " " +
                std::string(record.name, std::min<size_t>(record.name_size, kNameInFirstSlot));
        all.insert(line);
      }
    }
    return all;
  }
  /// How many slots each worker's records take.
  std::vector<uint64_t> records() const {
    std::vector<uint64_t> slots;
    for (const auto& ring : rings_) slots.push_back(ring->header()->head.load());
    return slots;
  }
  uint64_t handed_over() const {
    uint64_t sum = 0;
    for (const auto& ring : rings_) sum += ring->stats.handed_over.get();
    return sum;
  }
  std::map<std::string, uint64_t> totals() const {
    std::map<std::string, uint64_t> sums;
    for (const auto& ring : rings_) {
      for (size_t reason = 0; reason < kReasonCount; ++reason) {
        sums["passed " + std::string(kReasonWords[reason])] += ring->stats.passed[reason].get();
        sums["dropped " + std::string(kReasonWords[reason])] += ring->stats.dropped[reason].get();
      }
    }
    return sums;
  }

 private:
  struct Ring {
    static constexpr uint64_t kSlots = 1 << 14;
    Ring() : memory(sizeof(RingHeader) + kSlots * kSlotBytes + 64), events((prepare(), *header())) {}
    void prepare() { new (header()) RingHeader{kSlots, {}, {}, {}}; }
    RingHeader* header() const {
      return reinterpret_cast<RingHeader*>((reinterpret_cast<uintptr_t>(memory.data()) + 63) / 64 * 64);
    }
    const std::byte* slot(uint64_t at) const {
      return reinterpret_cast<const std::byte*>(header()) + sizeof(RingHeader) + at % kSlots * kSlotBytes;
    }
    std::vector<std::byte> memory;
    WorkerStats stats;
    EventRing events;
  };

  void run(uint32_t queue, rte_mbuf* mbuf,
           void (Pipeline::*process)(std::span<rte_mbuf* const>, Clock, Output&)) {
    auto output = std::make_unique<Output>();
    (pipelines_[queue].get()->*process)({&mbuf, 1}, now_, *output);
    for (auto& batch : output->ports) rte_pktmbuf_free_bulk(batch.packets.data(), batch.count);
    for (uint16_t i = 0; i < output->news_count; ++i)
      for (uint32_t other = 0; other < pipelines_.size(); ++other)
        if (other != queue) pipelines_[other]->hear(output->news[i], now_);
    for (uint16_t i = 0; i < output->handover_count; ++i) {
      ASSERT_NE(output->owner[i], queue);
      run(output->owner[i], output->handover[i], &Pipeline::take_over);
    }
  }

  std::vector<std::unique_ptr<test::TestPolicy>> policies_;
  std::vector<std::unique_ptr<Ring>> rings_;
  std::vector<std::unique_ptr<Pipeline>> pipelines_;
  Clock now_{1'000, 1'800'000'000'000'000'000};
};

/// A TCP connection of one client: hand-shake, request in two parts, an answer, an ICMP error about it.
inline void connection(std::vector<Sent>& out, const std::string& client, uint16_t port, const Bytes& request,
                       bool vlan) {
  const std::string server = client.find(':') == std::string::npos ? "198.51.100.9" : "2001:db8::9";
  const auto frame = [&](bool lan, uint8_t flags, uint32_t seq, uint32_t ack, const Bytes& data) {
    Frame made;
    if (vlan) made.vlan(28);
    made.ip(lan ? client : server, lan ? server : client)
        .tcp(lan ? port : 443, lan ? 443 : port, flags, seq, ack)
        .payload(data);
    out.push_back({made.build(), lan ? Side::Lan : Side::Line});
  };
  const size_t half = request.size() / 2;
  frame(true, kSyn, 999, 0, {});
  frame(false, kSyn | kAck, 4999, 1000, {});
  frame(true, kAck, 1000, 5000, {});
  frame(true, kAck | kPsh, 1000, 5000, Bytes(request.begin(), request.begin() + static_cast<long>(half)));
  frame(true, kAck | kPsh, static_cast<uint32_t>(1000 + half), 5000,
        Bytes(request.begin() + static_cast<long>(half), request.end()));
  frame(false, kAck | kPsh, 5000, static_cast<uint32_t>(1000 + request.size()), test::bytes("answer"));
  frame(true, kAck, static_cast<uint32_t>(1000 + request.size()), 5006, {});
}

/// A client behind a shared address sends half a hello in a segment, the other in fragments of one; a router
/// of the LAN says that an answer did not arrive.
inline void fragmented_connection(std::vector<Sent>& out, uint16_t port, const Bytes& hello, uint16_t id) {
  const char *client = "10.20.60.6", *server = "198.51.100.9";
  const size_t half = hello.size() / 2;
  const auto segment = [&](uint8_t flags, uint32_t seq, uint32_t ack, const Bytes& data) {
    return Frame().ip(client, server).tcp(port, 443, flags, seq, ack).payload(data).build();
  };
  const Bytes answer = Frame().ip(server, client).tcp(443, port, kSyn | kAck, 4999, 1000).build();
  out.push_back({segment(kSyn, 999, 0, {}), Side::Lan});
  out.push_back({answer, Side::Line});
  out.push_back(
      {segment(kAck | kPsh, 1000, 5000, Bytes(hello.begin(), hello.begin() + static_cast<long>(half))),
       Side::Lan});
  for (const Bytes& fragment :
       fragments_of(segment(kAck | kPsh, static_cast<uint32_t>(1000 + half), 5000,
                            Bytes(hello.begin() + static_cast<long>(half), hello.end())),
                    14, {8, 64}, id))
    out.push_back({fragment, Side::Lan});
  out.push_back(
      {Frame().ip("10.20.60.1", server).icmp(3, 1).payload(Bytes(answer.begin() + 14, answer.end())).build(),
       Side::Lan});
}

/// A client behind a shared address asks a resolver of its own, and goes elsewhere under the name that it
/// got.
inline void own_answer(std::vector<Sent>& out, uint16_t port, uint16_t id) {
  const std::string name = "own" + std::to_string(id) + ".example";
  const test::DnsAnswerText answer{.query = {name, 1, id}, .addresses = {"203.0.113.77"}};
  out.push_back(
      {Frame().ip("10.20.60.5", "198.51.100.53").udp(port, 53).payload(test::dns_query(answer.query)).build(),
       Side::Lan});
  out.push_back(
      {Frame().ip("198.51.100.53", "10.20.60.5").udp(53, port).payload(test::dns_answer(answer)).build(),
       Side::Line});
  connection(out, "10.20.60.5", static_cast<uint16_t>(port + 10'000), test::tls_hello(name), false);
}

inline std::vector<Sent> traffic(std::mt19937& random) {
  std::vector<Sent> all;
  const auto resolver = [&](const test::DnsAnswerText& answer) {
    const test::DnsQuery& query = answer.query;
    const auto id = query.id;
    all.push_back({Frame()
                       .ip("10.20.0.10", "198.51.100.53")
                       .udp(static_cast<uint16_t>(20'000 + id), 53)
                       .payload(test::dns_query(query))
                       .build(),
                   Side::Lan});
    all.push_back({Frame()
                       .ip("198.51.100.53", "10.20.0.10")
                       .udp(53, static_cast<uint16_t>(20'000 + id))
                       .payload(test::dns_answer(answer))
                       .build(),
                   Side::Line});
  };
  resolver({.query = {"erp.work.example", 1, 1}, .addresses = {"203.0.113.10"}});
  resolver({.query = {"news.example", 1, 2}, .addresses = {"203.0.113.11"}});
  resolver({.query = {"hidden.example", 65, 3}, .https = test::HttpsText{.ech = "public.example"}});
  const char* names[] = {"bad.example", "erp.work.example", "news.example"};
  for (uint16_t i = 0; i < 120; ++i) {
    const std::string host = std::to_string(1 + random() % 200);
    const std::string clients[] = {"10.20.1." + host,  "10.20.8." + host,  "fd12:3456:20::" + host,
                                   "10.20.16." + host, "172.16.0." + host, "10.20.60.5"};
    const std::string& client = clients[random() % 6];
    const std::string name = names[random() % 3];
    const auto port = static_cast<uint16_t>(30'000 + i);
    switch (random() % 9) {
      case 0:
        connection(all, client, port, test::tls_hello(name), random() % 2);
        break;
      case 1:
        connection(all, client, port, test::http_request(name), false);
        break;
      case 2:
        connection(all, client, port, test::tls_hello("public.example", {.ech = true}), false);
        break;
      case 3:
        connection(all, client, port,
                   h2_start() + h2_headers(1, h2_get("") + h2_remembered(":authority", name)), false);
        break;
      case 4:
        connection(all, client, port, test::bytes("no protocol that anybody knows"), false);
        break;
      case 5:
        for (const Bytes& fragment : fragments_of(
                 Frame()
                     .ip(client, client.find(':') == std::string::npos ? "198.51.100.53" : "2001:db8::53")
                     .udp(port, 53)
                     .payload(dns_query({name, 1, i}))
                     .build(),
                 14, {8, 24}, i))
          all.push_back({fragment, Side::Lan});
        break;
      case 6:
        fragmented_connection(all, port, test::tls_hello(name), i);
        break;
      case 7:
        own_answer(all, port, i);
        break;
      default:
        if (client.find(':') != std::string::npos) break;
        all.push_back({Frame()
                           .ip(client, random() % 2 ? "203.0.113.10" : "203.0.113.11")
                           .udp(port, 4000)
                           .payload("media")
                           .build(),
                       Side::Lan});
    }
  }
  return all;
}

}  // namespace sluice::test
