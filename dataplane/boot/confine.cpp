// boot: capabilities and system calls that are given up.
#include "dataplane/boot/confine.h"

#include <cap-ng.h>
#include <seccomp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <string_view>

namespace sluice {
namespace {

/// What the agent, the poll loops, DPDK's drivers and the end of the process ask of the kernel: memory of an
/// image and its tables; the last good image and what /sys says of interfaces; sockets; time, threads,
/// signals.
constexpr std::string_view kAllowed[] = {
    "mmap munmap mremap mprotect madvise brk",
    "openat close read readv pread64 write writev pwrite64 lseek fstat newfstatat fcntl fsync",
    "fdatasync ftruncate",
    "rename renameat unlink unlinkat rmdir mkdir getdents64 access faccessat faccessat2 readlink readlinkat",
    "fchmod umask flock",
    "accept4 connect recvmsg recvfrom sendmsg sendto getsockopt setsockopt getsockname shutdown ioctl",
    "poll ppoll epoll_wait epoll_pwait epoll_ctl",
    "clock_gettime clock_nanosleep nanosleep gettimeofday futex sched_yield sched_getaffinity membarrier",
    "rseq",
    "getpid gettid getuid geteuid getgid getegid getrandom prlimit64 set_robust_list restart_syscall",
    "rt_sigaction rt_sigprocmask rt_sigreturn rt_sigtimedwait sigaltstack tgkill exit exit_group"};
/// What no fault of ours asks for, and whoever took over would ask for first.
constexpr std::string_view kDeadly[] = {
    "execve execveat fork vfork ptrace process_vm_readv process_vm_writev perf_event_open userfaultfd",
    "mount umount2 pivot_root chroot unshare setns init_module finit_module kexec_load"};

struct Release {
  void operator()(void* filter) const { seccomp_release(filter); }
};

std::string refused(const char* what, int code) {
  return std::string("system calls cannot be confined: ") + what + ": " + std::strerror(code);
}

}  // namespace

std::string drop_capabilities() {
  capng_clear(CAPNG_SELECT_BOTH);
  if (capng_apply(CAPNG_SELECT_CAPS) != 0) return "the capabilities cannot be given up";
  return {};
}

std::string confine_system_calls(bool unloads_bpf) {
  const std::unique_ptr<void, Release> filter(seccomp_init(SCMP_ACT_ERRNO(EPERM)));
  if (!filter) return refused("no memory", ENOMEM);
  // All threads, or none.
  if (const int code = seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_TSYNC, 1); code != 0)
    return refused("all threads at once", -code);
  std::string failed;
  const auto add = [&](uint32_t action, std::string_view names) {
    while (!names.empty() && failed.empty()) {
      const std::string name(names.substr(0, names.find(' ')));
      names.remove_prefix(std::min(name.size() + 1, names.size()));
      const int number = seccomp_syscall_resolve_name(name.c_str());
      const int code =
          number == __NR_SCMP_ERROR ? -ENOSYS : seccomp_rule_add(filter.get(), action, number, 0);
      if (code != 0) failed = refused(name.c_str(), -code);
    }
  };
  for (const std::string_view names : kAllowed) add(SCMP_ACT_ALLOW, names);
  for (const std::string_view names : kDeadly) add(SCMP_ACT_KILL_PROCESS, names);
  add(unloads_bpf ? SCMP_ACT_ALLOW : SCMP_ACT_KILL_PROCESS, "bpf");
  if (!failed.empty()) return failed;
  // systemd is told how the gateway does through a socket of this machine; a carrier is asked for through
  // any.
  for (const int domain : {AF_UNIX, AF_NETLINK}) {
    if (domain == AF_NETLINK && !unloads_bpf) continue;
    const int code = seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, SCMP_SYS(socket), 1,
                                      scmp_arg_cmp{0, SCMP_CMP_EQ, static_cast<scmp_datum_t>(domain), 0});
    if (code != 0) return refused("socket", -code);
  }
  if (const int code = seccomp_load(filter.get()); code != 0) return refused("the kernel refuses", -code);
  return {};
}

}  // namespace sluice
