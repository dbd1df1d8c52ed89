// control/base: files that survive a power cut.
#include "control/base/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>

#include "control/base/unique_fd.h"

namespace sluice::control {

std::string errno_text(std::string_view what) {
  const int error = errno;
  return std::string(what) + ": " + std::generic_category().message(error);
}

std::string make_directory(const std::filesystem::path& directory) {
  std::string made;
  for (const auto& part : directory) {
    made = made.empty() ? part.string() : (std::filesystem::path(made) / part).string();
    if (::mkdir(made.c_str(), 0750) != 0 && errno != EEXIST && errno != EROFS && errno != EACCES) {
      return errno_text("cannot make directory " +
                        made);  // the errors let by are those of what is there already
    }
  }
  struct stat status {};
  if (::stat(directory.c_str(), &status) != 0) {
    return errno_text("cannot use directory " + directory.string());
  }
  if (!S_ISDIR(status.st_mode)) {
    return "cannot use directory " + directory.string() + ": it is a file";
  }
  if (::access(directory.c_str(), W_OK | X_OK) != 0) {
    return errno_text("cannot write to directory " + directory.string());
  }
  return {};
}

bool write_all(int fd, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) {
      continue;
    }
    if (written <= 0) {
      errno = written == 0 ? ENOSPC : errno;
      return false;
    }
    bytes = bytes.subspan(static_cast<size_t>(written));
  }
  return true;
}

bool write_all(int fd, std::string_view text) {
  return write_all(fd, std::as_bytes(std::span(text)));
}

std::string replace_file(const std::filesystem::path& path, std::span<const std::byte> bytes) {
  const std::string temporary = path.string() + ".tmp";
  UniqueFd fd(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640));
  if (!fd) {
    return errno_text("cannot create " + temporary);
  }
  if (!write_all(fd.get(), bytes) || ::fsync(fd.get()) != 0 ||
      ::rename(temporary.c_str(), path.c_str()) != 0 || !sync_directory(path.parent_path())) {
    std::string why = errno_text("cannot write " + path.string());
    ::unlink(temporary.c_str());
    return why;
  }
  return {};
}

std::string make_private_file(const std::filesystem::path& path, const std::string& text) {
  const std::string temporary = path.string() + ".tmp";
  ::unlink(temporary.c_str());  // of a start that was killed
  const UniqueFd fd(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!fd || !write_all(fd.get(), text) || ::fsync(fd.get()) != 0 ||
      ::rename(temporary.c_str(), path.c_str()) != 0 || !sync_directory(path.parent_path())) {
    return errno_text("cannot write " + path.string());
  }
  return {};
}

bool sync_directory(const std::filesystem::path& directory) {
  const UniqueFd fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return fd && ::fsync(fd.get()) == 0;
}

std::optional<std::string> read_tail(const std::filesystem::path& path, size_t limit) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status {};
  if (!fd || ::fstat(fd.get(), &status) != 0 || !S_ISREG(status.st_mode)) {
    return std::nullopt;
  }
  const auto size = static_cast<size_t>(status.st_size);
  std::string out(std::min(size, limit), '\0');
  size_t done = 0;
  while (done < out.size()) {
    const ssize_t got =
        ::pread(fd.get(), out.data() + done, out.size() - done, static_cast<off_t>(size - out.size() + done));
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got < 0) {
      return std::nullopt;
    }
    if (got == 0) {
      break;  // it became shorter meanwhile
    }
    done += static_cast<size_t>(got);
  }
  out.resize(done);
  return out;
}

bool cut_torn_line(int fd, size_t& cut) {
  cut = 0;
  constexpr size_t kBlock = 65536;
  struct stat status {};
  if (::fstat(fd, &status) != 0) {
    return false;
  }
  const auto size = static_cast<size_t>(status.st_size);
  char block[kBlock];
  size_t end = size;
  while (end > 0) {
    const size_t begin = end > kBlock ? end - kBlock : 0;
    const ssize_t got = ::pread(fd, block, end - begin, static_cast<off_t>(begin));
    if (got != static_cast<ssize_t>(end - begin)) {
      return false;
    }
    const auto* found = static_cast<const char*>(::memrchr(block, '\n', end - begin));
    if (found != nullptr) {
      end = begin + static_cast<size_t>(found - block) + 1;
      break;
    }
    end = begin;
  }
  if (end != size && ::ftruncate(fd, static_cast<off_t>(end)) != 0) {
    return false;
  }
  cut = size - end;
  return true;
}

}  // namespace sluice::control
