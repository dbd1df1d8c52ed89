// boot: EAL's arguments.
#include <net/if.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_log.h>
#include <sched.h>
#include <unistd.h>

#include <cstring>

#include "dataplane/boot/data_plane.h"

namespace sluice {
namespace {

std::vector<unsigned> usable_cores() {
  cpu_set_t set;
  std::vector<unsigned> cores;
  if (sched_getaffinity(0, sizeof set, &set) == 0)
    for (unsigned core = 0; core < CPU_SETSIZE; ++core)
      if (CPU_ISSET(core, &set)) cores.push_back(core);
  if (cores.empty()) cores.push_back(0);
  return cores;
}

/// The main lcore floats over all cores; worker w is pinned. More workers than cores share them.
std::string lcores(const Options& options) {
  const std::vector<unsigned> cores = usable_cores();
  std::string all;
  for (unsigned core : cores) all += (all.empty() ? "" : ",") + std::to_string(core);
  std::string map = "0@(" + all + ")";
  for (uint32_t worker = 0; worker < options.workers; ++worker) {
    const unsigned core =
        options.cores.empty() ? cores[cores.size() - 1 - worker % cores.size()] : options.cores[worker];
    map += "," + std::to_string(worker + 1) + "@" + std::to_string(core);
  }
  return map;
}

uint32_t memory_mb(const Options& options) {
  // Without huge pages no buffer crosses a page that it need not, so each takes whole pages.
  constexpr uint64_t kBesideData = 512;  // headroom, mbuf and mempool headers
  constexpr uint64_t kPage = 4096, kMb = 1024 * 1024, kOverheadMb = 64;
  const uint64_t one = (buffer_bytes(options) + kBesideData + kPage - 1) / kPage * kPage;
  return static_cast<uint32_t>(buffer_count(options) * one / kMb * 9 / 8 + kOverheadMb);
}

}  // namespace

BootError start_eal(const Options& options) {
  std::vector<std::string> words = {"sluice-dataplane", "--lcores=" + lcores(options), "--no-telemetry",
                                    "--log-level=*:critical",
                                    "--file-prefix=sluice-" + std::to_string(getpid())};
  if (options.huge) {
    words.push_back("--in-memory");
  } else {
    words.insert(words.end(), {"--no-huge", "--no-shconf", "-m", std::to_string(memory_mb(options))});
  }
  bool pci = false;
  for (const PairSpec& pair : options.pairs) {
    for (const PortSpec* port : {&pair.lan, &pair.toward_line}) {
      if (!port->interface.empty() && if_nametoindex(port->interface.c_str()) == 0)
        return "port " + port->text + ": no interface " + port->interface;
      if (!port->eal.empty()) words.push_back(port->eal);
      pci = pci || port->eal.rfind("--allow=", 0) == 0;
    }
  }
  if (!pci) words.push_back("--no-pci");
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  // EAL speaks in many lines of its own; ours is one.
  rte_openlog_stream(nullptr);
  if (rte_eal_init(static_cast<int>(argv.size()) - 1, argv.data()) < 0) {
    std::string ports;
    for (const PairSpec& pair : options.pairs) ports += " " + pair.lan.text + " " + pair.toward_line.text;
    return std::string("DPDK does not start (") + rte_strerror(rte_errno) +
           "); are these ports there, and is there memory?" + ports;
  }
  return {};
}

}  // namespace sluice
