// bench: what packets of decided flows and new TLS flows cost, by the number of names, rules, networks and
// flows.
//
// Each size runs in a process of its own, so that its memory can be told.
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "bench/gateway.h"
#include "dataplane/flow/flow_table.h"
#include "dataplane/flow/name_pool.h"

namespace sluice::bench {
namespace {

constexpr size_t kFewFlows = 1000, kNewFlows = 20'000, kBlockedPercent = 10;
constexpr size_t kLeastPackets = 2'000'000;

struct Size {
  SiteSize site;
  size_t flows = kFewFlows;
  size_t count = 0;  ///< of what is measured
};

struct Kind {
  std::string_view name;
  std::vector<size_t> counts;
  size_t most_quick;  ///< beside the least
  void (*set)(Size& size);
};

const Kind kKinds[] = {
    {"names",
     {1'000, 10'000, 100'000, 1'000'000, 5'000'000},
     1'000'000,
     [](Size& size) { size.site.names = size.count; }},
    {"rules", {10, 100, 1'000, 10'000}, 10'000, [](Size& size) { size.site.rules = size.count; }},
    {"networks", {10, 100, 1'000, 10'000}, 10'000, [](Size& size) { size.site.networks = size.count; }},
    {"flows",
     {1'000, 10'000, 100'000, 1'000'000, 10'000'000},
     1'000'000,
     [](Size& size) { size.flows = size.count; }},
};

struct Spread {
  double median_ns, least_ns, most_ns;
};

Spread spread_of(const std::vector<double>& of) {
  const auto [least, most] = std::ranges::minmax(of);
  return {median(of), least, most};
}

/// Packets of open flows, in an order without rule; what buffers and copying cost is taken off.
Spread time_packets(Gateway& gateway, Feed& feed, size_t rounds) {
  const size_t packets = std::max(kLeastPackets, 2 * feed.flows());
  std::vector<double> each;
  (void)gateway.run(feed, packets, true);
  for (size_t round = 0; round < rounds; ++round) {
    const double buffers = gateway.run(feed, packets, false);
    const uint64_t before = gateway.decided();
    each.push_back(gateway.run(feed, packets, true) - buffers);
    if (gateway.decided() - before != packets || gateway.dropped() != 0) fail("a packet was not forwarded");
  }
  return spread_of(each);
}

/// New TLS flows, from their SYN to their FIN, one in ten blocked; each flow's share.
Spread time_new_flows(const SiteSize& site, size_t rounds) {
  const Shape& shape = *std::ranges::find(shapes(), "tls", &Shape::name);
  const Traffic traffic =
      shape.make({.flows = kNewFlows, .blocked_percent = kBlockedPercent, .listed = site.names});
  Gateway gateway(site);
  std::vector<double> each;
  (void)gateway.run(traffic, true);
  gateway.check(traffic, 1);
  for (size_t round = 0; round < rounds; ++round) {
    gateway.forget_flows();
    const double buffers = gateway.run(traffic, false);
    each.push_back((gateway.run(traffic, true) - buffers) * static_cast<double>(traffic.frames.size()) /
                   static_cast<double>(kNewFlows));
    gateway.check(traffic, round + 2);
  }
  return spread_of(each);
}

void show(std::string_view what, const Spread& of) {
  std::printf(R"(,"%s":{"median":%.2f,"least":%.2f,"most":%.2f})", std::string(what).c_str(), of.median_ns,
              of.least_ns, of.most_ns);
}

/// What the tables of so many flows take of memory, names apart.
void show_memory(size_t flows, double used) {
  const auto count = static_cast<double>(flows);
  const Memory before = Memory::now();
  FlowTable table;
  if (!table.create(static_cast<uint32_t>(flows), 1)) fail("no memory");
  const Memory with_table = Memory::now();
  NamePool names;
  if (!names.create(static_cast<uint32_t>(flows), 1)) fail("no memory");
  std::printf(R"(,"table_bytes_a_flow":%.1f,"used_bytes_a_flow":%.1f,"bytes_a_name":%.1f)",
              (with_table.mapped - before.mapped) / count, used / count,
              (Memory::now().mapped - with_table.mapped) / count);
}

void measure(const Kind& kind, const Size& size, size_t rounds) {
  std::printf(R"({"of":"%s","count":%zu)", std::string(kind.name).c_str(), size.count);
  {
    std::vector<uint32_t> numbers(size.flows);
    for (size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<uint32_t>(i);
    Feed feed(std::move(numbers), false);
    Gateway gateway(size.site, static_cast<uint32_t>(size.flows));
    const double before = Memory::now().used;
    gateway.open(feed);
    const double used = Memory::now().used - before;
    show("packet_ns", time_packets(gateway, feed, rounds));
    if (kind.name == "flows") show_memory(size.flows, used);
  }
  if (kind.name != "flows") show("flow_ns", time_new_flows(size.site, rounds));
  std::printf("}\n");
  std::fflush(stdout);
}

bool in_a_child(const Kind& kind, size_t count, size_t rounds) {
  std::fflush(stdout);
  const pid_t child = fork();
  if (child == 0) {
    Size size;
    size.count = count;
    kind.set(size);
    measure(kind, size, rounds);
    std::exit(0);
  }
  int status = 0;
  return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

}  // namespace
}  // namespace sluice::bench

int main(int argc, char** argv) {
  using namespace sluice::bench;
  CLI::App app{
      "What packets cost by the number of names, rules, networks and flows; one JSON object for each."};
  bool quick = false;
  size_t rounds = 5;
  std::vector<std::string> wanted;
  app.add_option("kinds", wanted, "names, rules, networks, flows; all if none is named")
      ->check(CLI::IsMember({"names", "rules", "networks", "flows"}));
  app.add_flag("--quick", quick, "two sizes of each");
  app.add_option("--rounds", rounds, "of which the medians are shown")->check(CLI::Range(1, 1000));
  CLI11_PARSE(app, argc, argv);
  for (const Kind& kind : kKinds) {
    if (!wanted.empty() && std::ranges::find(wanted, kind.name) == wanted.end()) continue;
    for (const size_t count : kind.counts)
      if ((!quick || count == kind.counts.front() || count == kind.most_quick) &&
          !in_a_child(kind, count, rounds))
        return 1;
  }
}
