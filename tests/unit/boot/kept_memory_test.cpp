// boot tests: memory of the data plane before is gone on in where it is ours, and refused where it is not.
#include "dataplane/boot/kept_memory.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <functional>
#include <optional>

#include "dataplane/log/event_ring.h"

namespace sluice {
namespace {

constexpr uint64_t kSlots = 64;
constexpr std::string_view kLines[] = {"iplc-sg", "iplc-hk"};
constexpr MemoryShape kShape{2, kLines, kSlots};

/// What a service manager hears (NOTIFY_SOCKET): the words of each message, and how many descriptors came.
class Manager {
 public:
  Manager() : socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    // An abstract one: the kernel names it.
    socklen_t size = sizeof(sa_family_t);
    EXPECT_EQ(bind(socket_, reinterpret_cast<sockaddr*>(&address), size), 0);
    size = sizeof address;
    EXPECT_EQ(getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    std::string name(address.sun_path, size - sizeof(sa_family_t));
    name[0] = '@';
    setenv("NOTIFY_SOCKET", name.c_str(), 1);
  }
  ~Manager() {
    unsetenv("NOTIFY_SOCKET");
    close(socket_);
  }
  std::vector<std::string> heard() {
    std::vector<std::string> out;
    char bytes[256];
    alignas(cmsghdr) char rights[256];
    while (true) {
      iovec part{bytes, sizeof bytes};
      msghdr header{};
      header.msg_iov = &part;
      header.msg_iovlen = 1;
      header.msg_control = rights;
      header.msg_controllen = sizeof rights;
      const ssize_t size = recvmsg(socket_, &header, MSG_CMSG_CLOEXEC);
      if (size < 0) return out;
      out.emplace_back(bytes, static_cast<size_t>(size));
      for (cmsghdr* item = CMSG_FIRSTHDR(&header); item != nullptr; item = CMSG_NXTHDR(&header, item)) {
        if (item->cmsg_type != SCM_RIGHTS) continue;
        out.back() += " + a descriptor";
        int fd = -1;
        std::memcpy(&fd, CMSG_DATA(item), sizeof fd);
        close(fd);
      }
    }
  }

 private:
  int socket_;
};

const char kKept[] = "FDSTORE=1\nFDNAME=shared-memory + a descriptor";
const char kForgotten[] = "FDSTOREREMOVE=1\nFDNAME=shared-memory";

/// Puts descriptors where a service manager does, in a process of its own, and ends with what's result: a
/// death test.
[[noreturn]] void started_with(const std::vector<int>& fds, const char* names,
                               const std::function<bool()>& what) {
  std::vector<int> high;
  for (const int fd : fds) high.push_back(fcntl(fd, F_DUPFD, 100));
  for (size_t i = 0; i < high.size(); ++i) dup2(high[i], static_cast<int>(3 + i));
  setenv("LISTEN_FDS", std::to_string(fds.size()).c_str(), 1);
  setenv("LISTEN_PID", std::to_string(getpid()).c_str(), 1);
  setenv("LISTEN_FDNAMES", names, 1);
  _exit(what() ? 0 : 1);
}

/// Memory in which a data plane has written three records, of which control has taken the first.
struct Left {
  SharedMemory memory;
  Left() {
    EXPECT_TRUE(memory.create(kShape.workers, kShape.lines, kShape.ring_slots));
    EventRing ring(memory.ring(1), kSlots);
    for (const char* name : {"a.example", "b.example", "c.example"}) ring.push(Record{}, name);
    memory.ring(1).tail = 1;
    memory.stats(1).records_written.set(3);
    memory.stats(1).flows.set(7);
    memory.stats(1).generation.set(5);
  }
};

/// The same bytes in a memfd of its own: sealed as seals say, and bent.
int copy_of(
    const SharedMemory& from, int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL,
    const std::function<void(SharedHeader&)>& bend = [](SharedHeader&) {}) {
  const off_t size = lseek(from.fd(), 0, SEEK_END);
  const int fd = memfd_create("copy", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  EXPECT_EQ(ftruncate(fd, size), 0);
  void* memory = mmap(nullptr, static_cast<size_t>(size), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  std::memcpy(memory, &from.header(), static_cast<size_t>(size));
  bend(*static_cast<SharedHeader*>(memory));
  munmap(memory, static_cast<size_t>(size));
  EXPECT_EQ(fcntl(fd, F_ADD_SEALS, seals), 0);
  return fd;
}

std::string refused(int fd, const MemoryShape& shape = kShape) {
  SharedMemory memory;
  const char* why = memory.adopt(fd, shape.workers, shape.lines, shape.ring_slots);
  EXPECT_TRUE(why == nullptr || memory.create(shape.workers, shape.lines, shape.ring_slots));
  if (why != nullptr) close(fd);
  return why == nullptr ? "" : why;
}

TEST(KeptMemory, NumbersPlacesAndTotalsGoOn) {
  const Left left;
  SharedMemory next;
  ASSERT_STREQ(next.adopt(copy_of(left.memory), kShape.workers, kShape.lines, kShape.ring_slots), nullptr);
  EXPECT_EQ(next.boot(), left.memory.header().boot);
  EventRing ring(next.ring(1), kSlots);
  EXPECT_EQ(ring.push(Record{}, "d.example"), 4U);
  EXPECT_EQ(next.ring(1).head.load(), 4U);
  EXPECT_EQ(next.ring(1).tail.load(), 1U) << "what control has not taken is kept";
  EXPECT_EQ(next.stats(1).records_written.get(), 3U);
  EXPECT_EQ(next.stats(1).flows.get(), 0U);
  EXPECT_EQ(next.stats(1).generation.get(), 0U);
}

TEST(KeptMemory, WhatControlHasNotTakenIsNotOverwritten) {
  const Left left;
  EventRing ring(left.memory.ring(1), kSlots);
  for (uint64_t slot = 3; slot < kSlots + 1; ++slot) EXPECT_NE(ring.push(Record{}, "x.example"), 0U);
  EXPECT_EQ(ring.push(Record{}, "x.example"), 0U) << "the ring is full: one slot is free, and 63 are not";
}

TEST(KeptMemory, AnotherOnesIsRefused) {
  const Left left;
  constexpr int kOurs = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
  EXPECT_EQ(refused(copy_of(left.memory)), "");
  EXPECT_EQ(refused(copy_of(left.memory, 0)), "it is not sealed as ours is");
  EXPECT_EQ(refused(copy_of(left.memory, F_SEAL_GROW | F_SEAL_SEAL)), "it is not sealed as ours is");
  EXPECT_EQ(refused(copy_of(left.memory, kOurs | F_SEAL_WRITE)), "it cannot be mapped");
  EXPECT_EQ(refused(open("/dev/zero", O_RDWR | O_CLOEXEC)), "it is not sealed as ours is");
  EXPECT_EQ(refused(open("/proc/self/exe", O_RDONLY | O_CLOEXEC)), "it is not sealed as ours is");
  const int empty = memfd_create("empty", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  ASSERT_EQ(fcntl(empty, F_ADD_SEALS, kOurs), 0);
  EXPECT_EQ(refused(empty), "it is too small");
}

TEST(KeptMemory, OfAnotherShapeIsRefused) {
  const Left left;
  constexpr std::string_view kOther[] = {"iplc-sg", "iplc-jp"};
  const char kWhy[] = "it is of other workers, lines or rings";
  EXPECT_EQ(refused(copy_of(left.memory), {1, kLines, kSlots}), kWhy);
  EXPECT_EQ(refused(copy_of(left.memory), {2, kLines, kSlots * 2}), kWhy);
  EXPECT_EQ(refused(copy_of(left.memory), {2, kOther, kSlots}), kWhy);
  EXPECT_EQ(refused(copy_of(left.memory), {2, std::span(kLines).first(1), kSlots}), kWhy);
}

TEST(KeptMemory, BentIsRefused) {
  const Left left;
  constexpr int kOurs = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
  const auto bent = [&](const std::function<void(SharedHeader&)>& bend) {
    return refused(copy_of(left.memory, kOurs, bend));
  };
  const uint64_t ring_offset = left.memory.header().workers[1].ring_offset;
  const auto ring_of = [&](SharedHeader& header) {
    return reinterpret_cast<RingHeader*>(reinterpret_cast<std::byte*>(&header) + ring_offset);
  };
  EXPECT_EQ(bent([](SharedHeader& header) { header.magic ^= 1; }), "it is of something else");
  EXPECT_EQ(bent([](SharedHeader& header) { --header.version; }), "it is of another version");
  EXPECT_EQ(bent([](SharedHeader& header) { header.size += 4096; }),
            "it is of other workers, lines or rings");
  const char kWhy[] = "no data plane left its rings so";
  EXPECT_EQ(bent([](SharedHeader& header) { header.workers[1].ring_offset = UINT64_MAX - 63; }), kWhy);
  EXPECT_EQ(bent([](SharedHeader& header) { header.workers[0].stats_offset += 64; }), kWhy);
  EXPECT_EQ(bent([&](SharedHeader& header) { ring_of(header)->slot_count = 1ULL << 40; }), kWhy);
  EXPECT_EQ(bent([&](SharedHeader& header) { ring_of(header)->head = 1ULL << 60; }), kWhy);
  EXPECT_EQ(bent([&](SharedHeader& header) { ring_of(header)->tail = 1ULL << 60; }), "")
      << "the tail is control's word: the ring is full until it makes sense";
}

TEST(KeptMemory, WithoutAServiceManagerItIsNewAndNothingIsSaid) {
  SharedMemory memory;
  std::vector<std::string> said;
  EXPECT_EQ(open_kept(memory, kShape, said), "");
  EXPECT_TRUE(said.empty());
  EXPECT_EQ(memory.header().starts, 1U);
}

TEST(KeptMemory, NewMemoryIsGivenToBeKept) {
  Manager manager;
  SharedMemory memory;
  std::vector<std::string> said;
  EXPECT_EQ(open_kept(memory, kShape, said), "");
  EXPECT_EQ(manager.heard(), std::vector<std::string>{kKept});
}

TEST(KeptMemory, WhatWasKeptIsTakenAndNotGivenAgain) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        const Left left;
        Manager manager;
        started_with({copy_of(left.memory)}, kKeptName, [&] {
          SharedMemory memory;
          std::vector<std::string> said;
          return open_kept(memory, kShape, said).empty() && said.size() == 1 &&
                 memory.boot() == left.memory.boot() && memory.header().memory_refused == 0 &&
                 memory.header().starts == 1 && manager.heard().empty();
        });
      },
      testing::ExitedWithCode(0), "");
}

TEST(KeptMemory, StrangeOnesAreClosedForgottenAndCounted) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        const Left left;
        Manager manager;
        started_with({copy_of(left.memory, 0), open("/dev/null", O_RDWR)}, "shared-memory:stored", [&] {
          SharedMemory memory;
          std::vector<std::string> said;
          const bool opened = open_kept(memory, kShape, said).empty();
          return opened && said.size() == 2 && memory.boot() != left.memory.boot() &&
                 memory.header().memory_refused == 2 && fcntl(4, F_GETFD) < 0 &&
                 manager.heard() ==
                     std::vector<std::string>{kForgotten, "FDSTOREREMOVE=1\nFDNAME=stored", kKept};
        });
      },
      testing::ExitedWithCode(0), "");
}

TEST(KeptMemory, TheSecondOfTwoIsRefusedAndTheFirstKeptAgain) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        const Left left;
        Manager manager;
        started_with({copy_of(left.memory), copy_of(left.memory)}, "shared-memory:shared-memory", [&] {
          SharedMemory memory;
          std::vector<std::string> said;
          return open_kept(memory, kShape, said).empty() && memory.boot() == left.memory.boot() &&
                 memory.header().memory_refused == 1 &&
                 manager.heard() == std::vector<std::string>{kForgotten, kKept};
        });
      },
      testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace sluice
