// bench: what a packet costs on its way through the rooms, without any port, for each shape of traffic.
#include <CLI/CLI.hpp>
#include <memory>

#include "bench/gateway.h"

namespace sluice::bench {
namespace {

void measure(const Shape& shape, const Wanted& wanted, size_t rounds, bool json) {
  const Traffic traffic = shape.make(wanted);
  const auto gateway = std::make_unique<Gateway>();
  std::vector<double> each, buffers;
  (void)gateway->run(traffic, true);  // memory is touched once
  gateway->check(traffic, 1);
  for (size_t round = 0; round < rounds; ++round) {
    gateway->forget_flows();
    buffers.push_back(gateway->run(traffic, false));
    each.push_back(gateway->run(traffic, true) - buffers.back());
    gateway->check(traffic, round + 2);
  }
  const auto packets = static_cast<double>(traffic.frames.size()), flows = static_cast<double>(wanted.flows);
  const auto [least, most] = std::ranges::minmax(each);
  const double ns = median(each), flow_ns = ns * packets / flows;
  const std::string name(shape.name);
  if (json)
    std::printf(R"({"shape":"%s","packets":%zu,"flows":%zu,"blocked":%zu,"packet_ns":%.2f,"least_ns":%.2f,)"
                R"("most_ns":%.2f,"flow_ns":%.1f,"buffers_ns":%.2f})"
                "\n",
                name.c_str(), traffic.frames.size(), wanted.flows, traffic.blocked, ns, least, most, flow_ns,
                median(buffers));
  else
    std::printf(
        "%-8s %9zu packets %8zu flows  %7.1f ns a packet (%.1f, %.1f)  %8.0f ns a flow  (buffers and "
        "copying %5.1f)\n",
        name.c_str(), traffic.frames.size(), wanted.flows, ns, least, most, flow_ns, median(buffers));
  std::fflush(stdout);
}

void count_once(const Shape& shape, const Wanted& wanted) {
  const Traffic traffic = shape.make(wanted);
  const auto gateway = std::make_unique<Gateway>();
  (void)gateway->run(traffic, true);
  gateway->check(traffic, 1);
  std::printf("%zu\n", traffic.frames.size());
}

}  // namespace
}  // namespace sluice::bench

int main(int argc, char** argv) {
  using namespace sluice::bench;
  CLI::App app{"What a packet costs on its way through the rooms, without any port."};
  std::vector<std::string> wanted;
  size_t flows = 0, rounds = 5, blocked = 0;
  bool once = false, json = false;
  std::string known;
  for (const Shape& shape : shapes())
    known += "\n  " + std::string(shape.name) + ": " + std::string(shape.what);
  app.add_option("shapes", wanted, "which shapes; all if none is named:" + known);
  app.add_option("--flows", flows, "of each shape, instead of its own number");
  app.add_option("--blocked", blocked, "the share of flows, in percent, that ask for a blocked name")
      ->check(CLI::Range(0, 100));
  app.add_option("--rounds", rounds, "of which the medians are shown")->check(CLI::Range(1, 1000));
  app.add_flag("--json", json, "one object for each shape");
  app.add_flag("--once", once,
               "take each shape through once, time nothing and print the packets: to count instructions");
  CLI11_PARSE(app, argc, argv);
  for (const std::string& name : wanted)
    if (std::ranges::none_of(shapes(), [&](const Shape& shape) { return shape.name == name; })) {
      std::fprintf(stderr, "bench-pipeline: no shape is named %s\n", name.c_str());
      return 2;
    }
  for (const Shape& shape : shapes()) {
    if (!wanted.empty() && std::ranges::find(wanted, shape.name) == wanted.end()) continue;
    const Wanted size{.flows = flows != 0 ? flows : shape.flows, .blocked_percent = blocked};
    once ? count_once(shape, size) : measure(shape, size, rounds, json);
  }
}
