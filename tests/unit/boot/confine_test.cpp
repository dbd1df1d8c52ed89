// boot tests: what a confined process can do no more.
#include "dataplane/boot/confine.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <functional>
#include <thread>

namespace sluice {
namespace {

/// Runs what in a process of its own that is confined; it ends with what's result.
void confined(const std::function<int()>& what, bool unloads_bpf = false) {
  if (const std::string error = confine_system_calls(unloads_bpf); !error.empty()) {
    std::fprintf(stderr, "%s\n", error.c_str());
    _exit(100);
  }
  _exit(what());
}

/// 0 where fd is one, else the error.
int error_of(int fd) {
  return fd >= 0 ? 0 : errno;
}

TEST(Confine, NoSocketOfANetworkIsOpened) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(confined([] { return error_of(socket(AF_INET, SOCK_STREAM, 0)); }),
              testing::ExitedWithCode(EPERM), "");
  EXPECT_EXIT(confined([] { return error_of(socket(AF_PACKET, SOCK_RAW, 0)); }),
              testing::ExitedWithCode(EPERM), "");
  EXPECT_EXIT(confined([] { return error_of(socket(AF_NETLINK, SOCK_RAW, 0)); }),
              testing::ExitedWithCode(EPERM), "");
  EXPECT_EXIT(confined([] { return error_of(socket(AF_NETLINK, SOCK_RAW, 0)); }, true),
              testing::ExitedWithCode(0), "");
  EXPECT_EXIT(confined([] { return error_of(socket(AF_UNIX, SOCK_DGRAM, 0)); }), testing::ExitedWithCode(0),
              "");
}

TEST(Confine, NoProgramIsStarted) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto start = [] { return error_of(execl("/bin/true", "true", nullptr)); };
  EXPECT_EXIT(confined(start), testing::KilledBySignal(SIGSYS), "");
  EXPECT_EXIT(confined([] { return error_of(mount("none", "/mnt", "tmpfs", 0, nullptr)); }),
              testing::KilledBySignal(SIGSYS), "");
}

TEST(Confine, FilesAreStillWritten) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(confined([] { return error_of(open("/dev/null", O_WRONLY)); }), testing::ExitedWithCode(0), "");
}

TEST(Confine, ThreadsThatRanBeforeAreConfinedToo) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        std::atomic<bool> go{false};
        std::atomic<int> error{-1};
        std::thread other([&] {
          while (!go) std::this_thread::yield();
          error = error_of(socket(AF_INET, SOCK_STREAM, 0));
        });
        const std::string why = confine_system_calls(false);
        go = true;
        while (error < 0) std::this_thread::yield();
        _exit(why.empty() ? error.load() : 100);
      },
      testing::ExitedWithCode(EPERM), "");
}

TEST(Confine, NoCapabilityIsLeft) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        const bool root = geteuid() == 0;
        const std::string why = drop_capabilities();
        // Making a raw socket asks for CAP_NET_RAW.
        const int error = error_of(socket(AF_PACKET, SOCK_RAW, 0));
        _exit(why.empty() && (!root || error == EPERM) ? 0 : 100);
      },
      testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace sluice
