// control/registry: looks at files by their names and times.
#include "control/registry/watched_files.h"

#include <fcntl.h>
#include <glob.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "control/base/files.h"
#include "control/base/unique_fd.h"

namespace sluice::control {
namespace {

constexpr int64_t kSecond = 1'000'000'000;

std::vector<std::string> paths_of(const std::string& pattern) {
  if (pattern.find('*') == std::string::npos) return {pattern};
  std::vector<std::string> out;
  glob_t found{};
  if (::glob(pattern.c_str(), GLOB_NOESCAPE, nullptr, &found) == 0)
    for (size_t i = 0; i < found.gl_pathc && i < kMaxIdentityFiles; ++i) out.emplace_back(found.gl_pathv[i]);
  ::globfree(&found);
  return out;
}

/// Empty where it was read whole.
std::string read_whole(const std::string& path, FileText& out) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  struct stat status {};
  if (!fd || ::fstat(fd.get(), &status) != 0) return errno_text(path);
  if (!S_ISREG(status.st_mode)) return path + ": is no regular file";
  if (static_cast<uint64_t>(status.st_size) > kMaxIdentityFile)
    return path + ": has more than " + std::to_string(kMaxIdentityFile >> 20) + " MiB";
  out.path = path;
  out.written_ns = int64_t{status.st_mtim.tv_sec} * kSecond + status.st_mtim.tv_nsec;
  out.text.resize(static_cast<size_t>(status.st_size));
  size_t done = 0;
  while (done < out.text.size()) {
    const ssize_t got = ::read(fd.get(), out.text.data() + done, out.text.size() - done);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno_text(path);
    if (got == 0) break;  // it became shorter
    done += static_cast<size_t>(got);
  }
  out.text.resize(done);
  return {};
}

}  // namespace

std::vector<WatchedFiles::Stamp> WatchedFiles::stamps() const {
  std::vector<Stamp> out;
  for (std::string& path : paths_of(pattern_)) {
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) continue;
    out.push_back({std::move(path), status.st_dev, status.st_ino,
                   int64_t{status.st_mtim.tv_sec} * kSecond + status.st_mtim.tv_nsec, status.st_size});
  }
  return out;
}

bool WatchedFiles::look(std::vector<FileText>& out, std::string& error) {
  std::vector<Stamp> now = stamps();
  if (looked_ && now == last_) return false;
  looked_ = true;
  last_ = std::move(now);
  out.clear();
  error.clear();
  for (const Stamp& each : last_) {
    FileText one;
    if (const std::string why = read_whole(each.path, one); why.empty()) {
      out.push_back(std::move(one));
    } else if (error.empty()) {
      error = why;
    }
  }
  if (last_.empty()) error = pattern_ + ": is not there";
  return true;
}

}  // namespace sluice::control
