// boot: systemd's file descriptor store.
#include "dataplane/boot/kept_memory.h"

#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace sluice {
namespace {

constexpr int kUnsetEnvironment = 1;

/// A name of the store as it may stand in a line and in a message; whoever started us may have chosen it.
std::string printable(const char* name) {
  constexpr size_t kLongest = 64;
  std::string out(name, strnlen(name, kLongest));
  for (char& each : out)
    if (each < ' ' || each > '~') each = '?';
  return out;
}

/// Has the service manager keep fd, or forget all of that name. Does nothing where there is none.
void keep(const std::string& name, int fd) {
  sd_pid_notify_with_fds(0, 0, ("FDSTORE=1\nFDNAME=" + name).c_str(), &fd, 1);
}
void forget(const std::string& name) {
  sd_notify(0, ("FDSTOREREMOVE=1\nFDNAME=" + name).c_str());
}

}  // namespace

std::string open_kept(SharedMemory& memory, const MemoryShape& shape, std::vector<std::string>& said) {
  char** names = nullptr;
  const int count = sd_listen_fds_with_names(kUnsetEnvironment, &names);
  if (count < 0) said.push_back(std::string("what was kept cannot be told: ") + std::strerror(-count));
  bool taken = false;
  uint64_t refused = 0;
  for (int i = 0; i < count; ++i) {
    const int fd = SD_LISTEN_FDS_START + i;
    const std::string name = printable(names[i]);
    std::free(names[i]);
    const char* why = name != kKeptName ? "it has another name"
                      : taken           ? "there is another one"
                                        : memory.adopt(fd, shape.workers, shape.lines, shape.ring_slots);
    taken = taken || why == nullptr;
    if (why == nullptr) continue;
    close(fd);
    forget(name);
    ++refused;
    said.push_back("the kept `" + name + "` is not taken: " + why);
  }
  std::free(names);
  if (taken) said.emplace_back("goes on in the memory of the data plane before; its records are there");
  if (!taken && !memory.create(shape.workers, shape.lines, shape.ring_slots))
    return std::string("no memory for the event rings: ") + std::strerror(errno);
  note_start(memory.header(), refused);
  if (!taken || refused != 0) keep(kKeptName, memory.fd());
  return {};
}

}  // namespace sluice
