// bench: what the programs measure with, and their end where something is wrong.
#pragma once

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

namespace sluice::bench {

/// Prints one line and ends the program.
[[noreturn]] inline void fail(const std::string& what) {
  std::fprintf(stderr, "bench: %s\n", what.c_str());
  std::exit(1);
}

inline double median(std::vector<double> of) {
  std::ranges::sort(of);
  return of[of.size() / 2];
}

/// Of a clock that only goes forward.
inline double seconds_now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// Processors that this thread may run on.
inline std::vector<unsigned> usable_cores() {
  cpu_set_t set;
  std::vector<unsigned> cores;
  if (sched_getaffinity(0, sizeof set, &set) != 0) fail("no processor is known");
  for (unsigned core = 0; core < CPU_SETSIZE; ++core)
    if (CPU_ISSET(core, &set)) cores.push_back(core);
  return cores;
}

/// This thread runs on core alone.
inline void keep_to_core(unsigned core) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(core, &set);
  if (sched_setaffinity(0, sizeof set, &set) != 0) fail("cannot keep to a processor");
}

/// Bytes of this process: mapped, and in use.
struct Memory {
  double mapped = 0, used = 0;
  static Memory now() {
    Memory out;
    std::ifstream("/proc/self/statm") >> out.mapped >> out.used;
    const auto page = static_cast<double>(sysconf(_SC_PAGESIZE));
    return {out.mapped * page, out.used * page};
  }
};

}  // namespace sluice::bench
