// boot: the shared memory outlives the process, in systemd's file descriptor store.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/stats/shared_memory.h"

namespace sluice {

/// The memory's name in the store.
inline constexpr char kKeptName[] = "shared-memory";

struct MemoryShape {
  uint32_t workers;
  std::span<const std::string_view> lines;
  uint64_t ring_slots;  ///< of each worker
};

/// Goes on in the memory that the service manager kept (sd_listen_fds(3), once in a process' life), so that
/// what control has not read of it is not lost; makes new one where it kept none that fits, and has it kept
/// (FDSTORE=1). Descriptors of any other name or content are closed, taken out of the store and counted in
/// memory_refused. Without a service manager the memory is new. said: a line of what was found, for each.
/// Returns an empty string, or why there is no memory.
[[nodiscard]] std::string open_kept(SharedMemory& memory, const MemoryShape& shape,
                                    std::vector<std::string>& said);

}  // namespace sluice
