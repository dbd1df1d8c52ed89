// boot: sluice-dataplane.
#include <pwd.h>
#include <rte_eal.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "dataplane/agent/agent.h"
#include "dataplane/agent/last_good.h"
#include "dataplane/boot/data_plane.h"
#include "dataplane/extract/quic_keys.h"

namespace sluice {
namespace {

constexpr int kExitFailed = 1, kExitUsage = 2;

int fail(const std::string& why) {
  std::fprintf(stderr, "sluice-dataplane: %s\n", why.c_str());
  return kExitFailed;
}

void say(const std::string& what) {
  std::fprintf(stderr, "sluice-dataplane: %s\n", what.c_str());
}

/// Blocks the signals that stop us, in this thread and so in those it starts; they are read from the
/// descriptor.
int signal_descriptor() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  return signalfd(-1, &set, SFD_CLOEXEC);
}

bool make_directory(const std::string& path, std::string& why) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (!error && access(path.c_str(), W_OK) == 0) return true;
  why = path + ": " + (error ? error.message() : std::strerror(errno));
  return false;
}

bool find_user(const std::string& name, uid_t& out) {
  out = geteuid();
  if (name.empty()) return true;
  const passwd* entry = getpwnam(name.c_str());
  if (entry != nullptr) out = entry->pw_uid;
  return entry != nullptr;
}

/// Ends EAL, and takes away the directory that it makes for each process, also where it did not start.
struct EalGuard {
  bool started = false;
  ~EalGuard() {
    const std::string directory = rte_eal_get_runtime_dir();
    if (started) rte_eal_cleanup();
    std::error_code ignored;
    if (!directory.empty()) std::filesystem::remove_all(directory, ignored);
  }
};

/// Once a second. A worker that hangs holds up its clients for good, and only a new process frees them:
/// whoever watches this one starts it again, with the last good policy. Without our sign that happens too.
void look_after(DataPlane& plane) {
  for (const std::string& said : plane.look_at_links()) say(said);
  if (const auto hung = plane.hung_worker()) {
    say("worker " + std::to_string(*hung) + " has not turned for " + std::to_string(Watchdog::kHungLooks) +
        " seconds; the process ends");
    std::abort();
  }
  sd_notify(0, "WATCHDOG=1");
}

/// Everything from the first directory to the last worker. Returns the exit status.
int run(const Options& options) {
  if (const char* missing = missing_instructions(); missing != nullptr)
    return fail(
        "this processor has no `" + std::string(missing) +
        "` (see /proc/cpuinfo), without which QUIC cannot be read; a virtual machine has to be given it");
  std::string why;
  AgentConfig agent_config;
  agent_config.socket_path = options.socket;
  agent_config.state_directory = options.state;
  agent_config.workers = options.workers;
  if (!find_user(options.control_user, agent_config.peer)) return fail("no user " + options.control_user);
  const std::string socket_directory = std::filesystem::path(options.socket).parent_path();
  if (!make_directory(options.state, why) ||
      !make_directory(socket_directory.empty() ? "." : socket_directory, why))
    return fail(why);
  const int signals = signal_descriptor();

  EalGuard eal;
  if (BootError error = start_eal(options); !error.empty()) return fail(error);
  eal.started = true;
  GenerationSwitch generations;
  if (!generations.create(options.workers)) return fail("no memory");
  if (auto last = load_last_good(options.state, options.workers, why)) {
    say("policy " + std::to_string(last->policy().generation()) + ", the last good one, is in force");
    generations.publish(std::move(last));
  } else {
    say("no last good policy (" + why + "); nothing passes until control sends one");
  }
  DataPlane plane(options);
  if (BootError error = plane.prepare(generations); !error.empty()) return fail(error);
  for (const std::string& said : plane.memory_said()) say(said);
  agent_config.shared_fd = plane.shared().fd();
  agent_config.bind = [&plane](const Binding& binding) { return plane.bind(binding); };
  agent_config.each_second = [&plane] { look_after(plane); };
  Agent agent(agent_config, generations);
  if (!agent.listen(why)) return fail(why);
  if (BootError error = plane.open_ports(); !error.empty()) return fail(error);
  if (BootError error = plane.confine(); !error.empty()) return fail(error);
  if (BootError error = plane.launch(); !error.empty()) return fail(error);
  say(std::to_string(options.pairs.size()) + " pair(s), " + std::to_string(options.workers) +
      " worker(s); control connects at " + options.socket);
  sd_notify(0, "READY=1");
  agent.serve(signals);
  sd_notify(0, "STOPPING=1");
  plane.stop();
  say("stopped");
  return 0;
}

}  // namespace
}  // namespace sluice

int main(int argc, char** argv) {
  sluice::Options options;
  std::string why;
  switch (sluice::parse_options(argc, argv, options, why)) {
    case sluice::Parsed::Help:
      std::fputs(sluice::help_text(), stdout);
      return 0;
    case sluice::Parsed::Version:
      std::puts(SLUICE_VERSION);
      return 0;
    case sluice::Parsed::Wrong:
      sluice::fail(why);
      return sluice::kExitUsage;
    case sluice::Parsed::Run:
      break;
  }
  return sluice::run(options);
}
