// control/reload: starts, asks and ends sluice-compile.
#include "control/reload/compile_process.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>
#include <vector>

#include "control/base/files.h"
#include "control/base/log_line.h"

namespace sluice::control {
namespace {

constexpr int kChildSocket = 3;  ///< where sluice-compile finds its socket

CompileOutcome failed(std::string why) {
  CompileOutcome out;
  out.failure = std::move(why);
  return out;
}

std::string seconds_text(std::chrono::milliseconds time) {
  const auto count = time.count();
  return count % 1000 == 0 ? std::to_string(count / 1000) + " s" : std::to_string(count) + " ms";
}

/// What the child inherits: its socket and standard error, no signal that control blocks.
class SpawnSettings {
 public:
  explicit SpawnSettings(int socket) {
    ::posix_spawn_file_actions_init(&actions_);
    ::posix_spawnattr_init(&attributes_);
    ::posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_addopen(&actions_, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    ::posix_spawn_file_actions_adddup2(&actions_, socket, kChildSocket);
    ::posix_spawn_file_actions_addclosefrom_np(&actions_, kChildSocket + 1);
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    ::posix_spawnattr_setsigmask(&attributes_, &none);
    ::posix_spawnattr_setsigdefault(&attributes_, &all);
    ::posix_spawnattr_setpgroup(&attributes_, 0);  // a ^C at the terminal is control's alone
    ::posix_spawnattr_setflags(&attributes_,
                               POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  }
  ~SpawnSettings() {
    ::posix_spawn_file_actions_destroy(&actions_);
    ::posix_spawnattr_destroy(&attributes_);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;
  const posix_spawn_file_actions_t* actions() const { return &actions_; }
  const posix_spawnattr_t* attributes() const { return &attributes_; }

 private:
  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
};

}  // namespace

CompileProcess::CompileProcess(CompilerOptions options)
    : options_(std::move(options)), stop_event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

CompileProcess::~CompileProcess() {
  end();
}

void CompileProcess::stop() {
  ::eventfd_write(stop_event_.get(), 1);
}

void CompileProcess::tidy() {
  log_warning("compiler: " + end() + " while it had nothing to do");
}

/// Returns an empty string, or why it cannot be started.
std::string CompileProcess::start() {
  int pair[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
    return errno_text("socketpair");
  }
  UniqueFd ours(pair[0]), theirs(pair[1]);
  // dup2 to the very same number would leave it to be closed on exec.
  if (theirs.get() == kChildSocket) {
    theirs.reset(::fcntl(kChildSocket, F_DUPFD_CLOEXEC, kChildSocket + 1));
  }
  std::vector<std::string> words{options_.program.string(),
                                 "--blobs",
                                 options_.blobs.string(),
                                 "--feeds",
                                 options_.feeds.string(),
                                 "--memory",
                                 std::to_string(options_.memory_mib),
                                 "--parent",
                                 std::to_string(::getpid())};
  std::vector<char*> arguments;
  for (std::string& word : words) {
    arguments.push_back(word.data());
  }
  arguments.push_back(nullptr);
  const SpawnSettings settings(theirs.get());
  pid_t pid = 0;
  const int error = ::posix_spawn(&pid, words[0].c_str(), settings.actions(), settings.attributes(),
                                  arguments.data(), environ);
  if (error != 0) {
    errno = error;
    return errno_text("cannot start " + words[0]);
  }
  pid_ = pid;
  socket_ = std::move(ours);
  return {};
}

/// Ends it if it runs. Returns how it ended.
std::string CompileProcess::end() {
  if (pid_ == 0) {
    return "it does not run";
  }
  socket_.reset();
  ::kill(pid_, SIGKILL);
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = 0;
  if (WIFSIGNALED(status)) {
    const char* name = ::sigdescr_np(WTERMSIG(status));
    return "it ended by signal " + std::to_string(WTERMSIG(status)) +
           (name != nullptr ? std::string(" (") + name + ")" : "");
  }
  return "it ended with status " + std::to_string(WEXITSTATUS(status));
}

CompileOutcome CompileProcess::compile(const CompileJob& job) {
  pollfd gone{socket_.get(), POLLIN, 0};
  if (pid_ != 0 && ::poll(&gone, 1, 0) > 0) {
    tidy();  // whatever it says or not: nobody asked
  }
  if (std::string why = pid_ == 0 ? start() : ""; !why.empty()) {
    return failed(std::move(why));
  }
  CompileOutcome out = answer_to(job);
  if (!out.failure.empty()) {
    end();
  }
  return out;
}

CompileOutcome CompileProcess::answer_to(const CompileJob& job) {
  if (std::string why = send_parcel(socket_.get(), text_of(job), -1); !why.empty()) {
    return failed("the compiler takes no job: " + why + "; " + end());
  }
  if (std::string why = await(); !why.empty()) {
    return failed(std::move(why));
  }
  Parcel parcel;
  const ReceiveResult result = receive_parcel(socket_.get(), parcel);
  if (result == ReceiveResult::Ended) {
    return failed("the compiler died: " + end());
  }
  CompileOutcome out;
  if (result == ReceiveResult::Wrong || !read_outcome(parcel.text, out)) {
    return failed("the compiler answered what cannot be");
  }
  if (parcel.image) {
    std::string error;
    out.image = SealedImage::adopt(std::move(parcel.image), job.generation, error);
    if (!out.image) {
      return failed("the compiler answered what cannot be: " + error);
    }
  }
  const bool owed = out.facts && wants_image(job, out.sources) && out.failure.empty();
  if (owed != (out.image != nullptr)) {
    return failed(owed ? "the compiler answered without an image" : "the compiler sent an unwanted image");
  }
  return out;
}

/// Waits for the answer. Returns an empty string when it is there.
std::string CompileProcess::await() {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point until = Clock::now() + options_.time;
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now());
    if (left.count() <= 0) {
      return "compiling took more than " + seconds_text(options_.time);
    }
    pollfd waits[] = {{socket_.get(), POLLIN, 0}, {stop_event_.get(), POLLIN, 0}};
    const int count = ::poll(waits, std::size(waits), static_cast<int>(left.count()));
    if (count > 0 && waits[1].revents != 0) {
      return "control is stopping";
    }
    if (count > 0) {
      return {};
    }
  }
}

}  // namespace sluice::control
