// control/reload: inotify on the policy's directories.
#include "control/reload/watch.h"

#include <sys/epoll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>

#include "control/base/files.h"
#include "control/base/log_line.h"

namespace sluice::control {
namespace {

using std::chrono::milliseconds;
constexpr milliseconds kQuiet{10};  ///< editors save in several steps
constexpr milliseconds kAtTheLatest{1000};
constexpr milliseconds kMissing{1000};  ///< between two looks for a directory that is gone
constexpr size_t kMaxDirectories = 256;
constexpr uint32_t kEvents = IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE | IN_DELETE |
                             IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;

}  // namespace

PolicyWatch::PolicyWatch(EventLoop& loop, std::filesystem::path directory, std::function<void()> saved)
    : loop_(loop),
      directory_(std::move(directory)),
      saved_(std::move(saved)),
      inotify_(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)) {
  if (!inotify_ || !loop_.watch(inotify_.get(), EPOLLIN, [this](uint32_t) { read_events(); })) {
    log_warning(errno_text("saved changes are not noticed: inotify"));
    return;
  }
  look_again();
}

PolicyWatch::~PolicyWatch() {
  loop_.cancel(timer_);
  loop_.cancel(missing_timer_);
  if (inotify_) {
    loop_.forget(inotify_.get());
  }
}

void PolicyWatch::set_sources(const std::vector<std::string>& sources) {
  std::set<std::filesystem::path> found;
  for (const std::string& source : sources) {
    found.insert(std::filesystem::path(source).parent_path());
  }
  if (found != elsewhere_) {
    elsewhere_ = std::move(found);
    look_again();
  }
}

/// Watches every directory that is there now; watching one again changes nothing.
void PolicyWatch::look_again() {
  const bool there = ::inotify_add_watch(inotify_.get(), directory_.c_str(), kEvents) >= 0;
  size_t count = 1;
  std::error_code error;
  std::filesystem::recursive_directory_iterator it(
      directory_, std::filesystem::directory_options::skip_permission_denied, error);
  for (; !error && it != std::filesystem::recursive_directory_iterator() && count < kMaxDirectories;
       it.increment(error)) {
    std::error_code ignored;
    if (it->is_directory(ignored)) {
      ::inotify_add_watch(inotify_.get(), it->path().c_str(), kEvents);
      ++count;
    }
  }
  for (const std::filesystem::path& path : elsewhere_) {
    if (!path.empty() && count++ < kMaxDirectories) {
      ::inotify_add_watch(inotify_.get(), path.c_str(), kEvents);
    }
  }
  if (!there && missing_timer_ == 0) {
    missing_timer_ = loop_.after(kMissing, [this] {
      missing_timer_ = 0;
      if (::inotify_add_watch(inotify_.get(), directory_.c_str(), kEvents) >= 0) {
        saved_once();
      } else {
        look_again();
      }
    });
  }
}

void PolicyWatch::read_events() {
  alignas(inotify_event) char buffer[16384];
  while (::read(inotify_.get(), buffer, sizeof buffer) > 0) {
    // Which file it was does not matter: the directory is always compiled as a whole.
  }
  const auto now = std::chrono::steady_clock::now();
  if (timer_ == 0) {
    first_event_ = now;
  }
  loop_.cancel(timer_);
  const auto gone = std::chrono::duration_cast<milliseconds>(now - first_event_);
  const milliseconds delay = std::clamp(kAtTheLatest - gone, milliseconds(0), kQuiet);
  timer_ = loop_.after(delay, [this] { saved_once(); });
}

void PolicyWatch::saved_once() {
  timer_ = 0;
  look_again();
  saved_();
}

}  // namespace sluice::control
