// reload tests: the process that compiles dies, hangs, lies or grows; the next job is served all the same.
#include "control/reload/compile_process.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <fstream>
#include <thread>

namespace sluice::control {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

// The address sanitizer takes terabytes of address space.
#ifdef __has_feature
constexpr bool kAddressSanitizer = __has_feature(address_sanitizer);
#else
constexpr bool kAddressSanitizer = false;
#endif

struct CompileProcessTest : testing::Test {
  fs::path root = fs::temp_directory_path() / ("sluice-compile-" + std::to_string(::getpid()));
  fs::path policies = root / "policies";
  CompilerOptions options{SLUICE_COMPILE, root / "blobs", root / "feeds", milliseconds(20'000), 0};

  CompileProcessTest() {
    fs::remove_all(root);
    fs::create_directories(policies);
    fs::create_directories(root / "blobs");
    std::ofstream(policies / "site.yaml")
        << "site: here\nnetworks:\n  staff: {prefixes: [10.0.0.0/8], line: none, default: allow}\n";
  }
  ~CompileProcessTest() override {
    EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "a child is left";
    EXPECT_EQ(errno, ECHILD);
    fs::remove_all(root);
  }
  CompileJob job() const { return {policies, 7, {}, "", "", true}; }
  /// A program that stands in for the compiler; its socket is descriptor 3.
  fs::path script(const std::string& text) const {
    const fs::path file = root / "compiler.sh";
    std::ofstream(file, std::ios::trunc) << "#!/bin/bash\n" << text << "\n";
    ::chmod(file.c_str(), 0755);
    return file;
  }
  static size_t open_files() {
    size_t count = 0;
    for ([[maybe_unused]] const auto& each : fs::directory_iterator("/proc/self/fd")) {
      ++count;
    }
    return count;
  }
};

TEST_F(CompileProcessTest, CompilesOneJobAfterTheOther) {
  CompileProcess process(options);
  const CompileOutcome one = process.compile(job());
  ASSERT_TRUE(one.image) << one.failure;
  EXPECT_EQ(one.image->generation(), 7u);
  const pid_t pid = process.pid();
  EXPECT_TRUE(process.compile(job()).image);
  EXPECT_EQ(process.pid(), pid);
}

TEST_F(CompileProcessTest, KilledBetweenTwoJobsIsReplaced) {
  CompileProcess process(options);
  ASSERT_TRUE(process.compile(job()).image);
  const pid_t pid = process.pid();
  ::kill(pid, SIGKILL);
  pollfd ended{process.event_fd(), POLLIN, 0};
  ASSERT_EQ(::poll(&ended, 1, 5000), 1);
  EXPECT_TRUE(process.compile(job()).image);
  EXPECT_NE(process.pid(), pid);
}

TEST_F(CompileProcessTest, KilledAtAnyMomentTheNextJobIsServed) {
  CompileProcess process(options);
  for (int us = 0; us < 12'000; us += 400) {
    std::thread killer([&, us] {
      std::this_thread::sleep_for(std::chrono::microseconds(us));
      if (const pid_t pid = process.pid(); pid > 0) {
        ::kill(pid, SIGKILL);
      }
    });
    const CompileOutcome out = process.compile(job());
    killer.join();
    EXPECT_TRUE(out.image || out.failure.find("compiler") != std::string::npos) << out.failure;
  }
  (void)process.compile(job());  // the last one to be killed may die of it only now
  EXPECT_TRUE(process.compile(job()).image);
}

TEST_F(CompileProcessTest, DeathIsSaid) {
  options.program = script("read -n 1 <&3; kill -SEGV $$");
  const CompileOutcome out = CompileProcess(options).compile(job());
  EXPECT_FALSE(out.facts.has_value());
  EXPECT_NE(out.failure.find("signal 11 (Segmentation fault)"), std::string::npos) << out.failure;
}

TEST_F(CompileProcessTest, MissingProgramIsSaid) {
  options.program = root / "none";
  const CompileOutcome out = CompileProcess(options).compile(job());
  EXPECT_NE(out.failure.find("No such file"), std::string::npos) << out.failure;
}

TEST_F(CompileProcessTest, HangEndsAtTheTimeLimit) {
  options.program = script("sleep 100");
  options.time = milliseconds(300);
  CompileProcess process(options);
  const auto begun = Clock::now();
  EXPECT_EQ(process.compile(job()).failure, "compiling took more than 300 ms");
  EXPECT_LT(Clock::now() - begun, milliseconds(3000));
  EXPECT_EQ(process.pid(), 0);
}

TEST_F(CompileProcessTest, StopEndsTheJobUnderWay) {
  options.program = script("sleep 100");
  CompileProcess process(options);
  std::thread stopper([&] {
    std::this_thread::sleep_for(milliseconds(100));
    process.stop();
  });
  const auto begun = Clock::now();
  EXPECT_EQ(process.compile(job()).failure, "control is stopping");
  EXPECT_LT(Clock::now() - begun, milliseconds(5000));
  stopper.join();
}

TEST_F(CompileProcessTest, GarbageIsNoAnswer) {
  for (const char* text : {"head -c 8 /dev/zero >&3; sleep 9", "head -c 100 /dev/urandom >&3; sleep 9",
                           "printf x >&3; sleep 9"}) {
    options.program = script(text);
    CompileProcess process(options);
    EXPECT_EQ(process.compile(job()).failure, "the compiler answered what cannot be") << text;
    EXPECT_EQ(process.pid(), 0);
  }
}

TEST_F(CompileProcessTest, FailuresLeakNoDescriptor) {
  options.program = script("head -c 100 /dev/urandom >&3; sleep 9");
  CompileProcess process(options);
  const size_t before = open_files();
  for (int i = 0; i < 10; ++i) {
    EXPECT_FALSE(process.compile(job()).failure.empty());
  }
  EXPECT_EQ(open_files(), before);
}

TEST_F(CompileProcessTest, ChildHasNothingOfControlsButItsSocket) {
  options.program = script("ls /proc/$$/fd >" + (root / "fds").string() + "; exit 1");
  const UniqueFd secret(::dup(2));  // one that is not closed on exec
  [[maybe_unused]] const CompileOutcome out = CompileProcess(options).compile(job());
  std::ifstream in(root / "fds");
  std::string word, all;
  while (in >> word) {
    all += word == "255" ? "" : word + " ";  // the shell's own
  }
  EXPECT_EQ(all, "0 1 2 3 ");
}

TEST_F(CompileProcessTest, TooMuchMemoryIsSaidAndTheNextJobIsServed) {
  if (kAddressSanitizer) {
    GTEST_SKIP() << "the address sanitizer takes terabytes of address space";
  }
  const fs::path list = policies / "huge.names";
  {
    std::ofstream out(list);
    for (int i = 0; i < 2'000'000; ++i) {
      out << "name" << i << ".of-a-list.example\n";
    }
  }
  std::ofstream(policies / "lists.yaml") << "lists:\n  huge: {files: [huge.names]}\n"
                                            "rules: [{name: no, to: [huge], action: block}]\n";
  options.memory_mib = 250;
  CompileProcess process(options);
  const CompileOutcome out = process.compile(job());
  EXPECT_FALSE(out.image);
  EXPECT_NE(out.failure.find("250 MiB"), std::string::npos) << out.failure;
  fs::remove(policies / "lists.yaml");
  EXPECT_TRUE(process.compile(job()).image);
}

TEST_F(CompileProcessTest, EndsWithControl) {
  int pipe[2];
  ASSERT_EQ(::pipe(pipe), 0);
  const pid_t control = ::fork();
  if (control == 0) {
    CompileProcess process(options);
    [[maybe_unused]] const CompileOutcome out = process.compile(job());
    const pid_t pid = process.pid();
    [[maybe_unused]] const ssize_t written = ::write(pipe[1], &pid, sizeof pid);
    ::kill(::getpid(), SIGKILL);
  }
  pid_t compiler = 0;
  ASSERT_EQ(::read(pipe[0], &compiler, sizeof compiler), static_cast<ssize_t>(sizeof compiler));
  ASSERT_GT(compiler, 0);
  ASSERT_EQ(::waitpid(control, nullptr, 0), control);
  bool gone = false;
  for (int i = 0; i < 100 && !gone; ++i) {
    std::ifstream stat("/proc/" + std::to_string(compiler) + "/stat");
    std::string pid, name, state;
    gone = !(stat >> pid >> name >> state) || state == "Z";
    std::this_thread::sleep_for(milliseconds(20));
  }
  EXPECT_TRUE(gone);
  ::close(pipe[0]);
  ::close(pipe[1]);
}

}  // namespace
}  // namespace sluice::control
