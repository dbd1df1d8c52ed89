// replay: the EAL, quiet and alone.
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_mbuf.h>
#include <sched.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <string>
#include <system_error>

#include "dataplane/replay/gateway.h"

namespace sluice::replay {
namespace {

// 128 buffers hold the largest frame; the rest is what a pipeline may keep, and answers.
constexpr unsigned kBuffers = 4095;
constexpr unsigned kBufferBytes = 2048;
constexpr const char* kMemoryMiB = "64";

}  // namespace

bool start_quiet_eal(const char* program) {
  // One processor that this process may use: processor 0 need not be one.
  const int processor = sched_getcpu();
  std::string arguments[] = {program,
                             "--no-huge",
                             "--no-pci",
                             "--no-shconf",
                             "--no-telemetry",
                             "--log-level=error",
                             "-m",
                             kMemoryMiB,
                             "--lcores=0@" + std::to_string(processor < 0 ? 0 : processor),
                             std::string("--file-prefix=") + program + "-" + std::to_string(getpid())};
  char* argv[std::size(arguments)];
  for (size_t at = 0; at < std::size(arguments); ++at) argv[at] = arguments[at].data();
  if (rte_eal_init(static_cast<int>(std::size(arguments)), argv) >= 0) return true;
  std::fprintf(stderr, "%s: DPDK does not start: %s\n", program, rte_strerror(rte_errno));
  return false;
}

void stop_quiet_eal() {
  const std::string left_behind = rte_eal_get_runtime_dir();
  rte_eal_cleanup();
  std::error_code ignored;
  std::filesystem::remove(left_behind, ignored);  // only where it is empty
}

rte_mempool* make_frame_pool() {
  return rte_pktmbuf_pool_create("frames", kBuffers, 0, 0, RTE_PKTMBUF_HEADROOM + kBufferBytes,
                                 SOCKET_ID_ANY);
}

}  // namespace sluice::replay
