// boot: what the process gives up once it runs.
#pragma once

#include <string>

namespace sluice {

/// Gives up every capability of the calling thread, for good; each thread does so for itself. Returns an
/// empty string, or why it cannot be. Source: capabilities(7).
[[nodiscard]] std::string drop_capabilities();

/// From now on no thread of the process can do what a running gateway never does: start programs, open
/// sockets but to services of this machine, mount, trace, load BPF. What is beyond doubt an intruder's ends
/// the process; any other system call that is not on the list fails with EPERM. unloads_bpf: the end of the
/// process takes BPF programs out of the kernel, which asks for bpf(2) and netlink. Returns an empty string,
/// or why it cannot be. Source: seccomp(2), SECCOMP_FILTER_FLAG_TSYNC.
[[nodiscard]] std::string confine_system_calls(bool unloads_bpf);

}  // namespace sluice
