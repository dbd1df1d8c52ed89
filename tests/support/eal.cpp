// tests: the EAL, once for each test program, and a pool of packet buffers.
#include "tests/support/eal.h"

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_mbuf.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace sluice::test {
namespace {

void must(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "tests: %s: %s\n", what, rte_strerror(rte_errno));
  std::exit(1);
}

}  // namespace

void start_eal() {
  static bool started = false;
  if (started) return;
  started = true;
  const std::string prefix = "--file-prefix=sluice-test-" + std::to_string(getpid());
  // One processor that this process may use: processor 0 need not be one.
  const std::string lcores = "--lcores=0@" + std::to_string(std::max(sched_getcpu(), 0));
  static std::string arguments[] = {"sluice-test",    "--no-huge", "--no-pci", "--no-shconf",
                                    "--no-telemetry", "-m",        "64",       "--log-level=error",
                                    lcores,           prefix};
  char* argv[std::size(arguments)];
  for (size_t at = 0; at < std::size(arguments); ++at) argv[at] = arguments[at].data();
  // What the EAL leaves behind would stay for ever: each run has a name of its own.
  std::atexit([] {
    const std::string left_behind = rte_eal_get_runtime_dir();
    rmdir(left_behind.c_str());
  });
  must(rte_eal_init(static_cast<int>(std::size(arguments)), argv) >= 0, "the EAL does not start");
}

rte_mempool* make_pool(const char* name, unsigned count, unsigned data_bytes) {
  const auto room = static_cast<uint16_t>(RTE_PKTMBUF_HEADROOM + data_bytes);
  rte_mempool* pool = rte_pktmbuf_pool_create(name, count, 0, 0, room, SOCKET_ID_ANY);
  must(pool != nullptr, "no pool");
  return pool;
}

rte_mempool* test_pool() {
  static rte_mempool* const pool = make_pool("test", 4095, 2048);
  return pool;
}

}  // namespace sluice::test
