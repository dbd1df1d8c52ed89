// control/base: a file that is there as a whole or not at all.
#include "control/base/new_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <string>
#include <utility>

#include "control/base/files.h"

namespace sluice::control {
namespace {

/// Not every file system can do both in one step.
bool rename_to_free(const char* from, const char* to) {
  if (::renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0) {
    return true;
  }
  if (errno != EINVAL && errno != ENOSYS) {
    return false;
  }
  if (::faccessat(AT_FDCWD, to, F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
    errno = EEXIST;
    return false;
  }
  return ::rename(from, to) == 0;
}

}  // namespace

NewFile::NewFile(std::filesystem::path path, mode_t mode)
    : path_(std::move(path)),
      temporary_(path_.string() + "." + std::to_string(::getpid()) + ".tmp"),
      fd_(::open(temporary_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode)) {}

NewFile::~NewFile() {
  if (fd_) {
    ::unlink(temporary_.c_str());
  }
}

bool NewFile::finish() {
  const std::filesystem::path directory = path_.has_parent_path() ? path_.parent_path() : ".";
  if (::fsync(fd_.get()) != 0 || !rename_to_free(temporary_.c_str(), path_.c_str())) {
    return false;
  }
  fd_.reset();
  if (!sync_directory(directory)) {
    const int why = errno;
    ::unlink(path_.c_str());
    errno = why;
    return false;
  }
  return true;
}

}  // namespace sluice::control
