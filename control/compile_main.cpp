// control: sluice-compile, the process that compiles for sluice-control.
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <fstream>

#include "control/base/log_line.h"
#include "control/reload/compile_worker.h"

namespace {

constexpr int kSocket = 3;  ///< where control leaves it

/// Ends with control, is the first to go when the machine has no memory left, and gets no more than its
/// share.
bool keep_to_limits(uint64_t memory_mib, pid_t parent) {
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || ::getppid() != parent) {
    return false;
  }
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  std::ofstream("/proc/self/oom_score_adj") << "1000";
  if (memory_mib == 0) {
    return true;
  }
  const rlimit limit{memory_mib << 20, memory_mib << 20};
  return ::setrlimit(RLIMIT_AS, &limit) == 0;
}

}  // namespace

int main(int argc, char** argv) {
  std::string blobs, feeds;
  uint64_t memory_mib = 0;
  pid_t parent = 0;
  CLI::App app(
      "Compiles policies for sluice-control, which starts it and speaks to it over descriptor 3.\n"
      "To check a policy by hand, use sluicectl check.",
      "sluice-compile");
  app.add_option("--blobs", blobs, "Directory where the sources are kept")->required();
  app.add_option("--feeds", feeds, "Directory with the copies of fetched lists");
  app.add_option("--memory", memory_mib, "MiB of address space; 0: no limit");
  app.add_option("--parent", parent, "Process with which it ends")->required();
  app.set_version_flag("--version", SLUICE_VERSION);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  if (!keep_to_limits(memory_mib, parent)) {
    sluice::control::log_error("sluice-compile: sluice-control starts it; nobody else does");
    return 2;
  }
  sluice::control::CompileWorker(blobs, feeds, memory_mib).serve(kSocket);
  return 0;
}
