// agent: keeping and loading the last good image.
#include "dataplane/agent/last_good.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace sluice {
namespace {

bool write_all(int fd, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    bytes = bytes.subspan(static_cast<size_t>(written));
  }
  return true;
}

bool sync_directory(const std::string& directory) {
  const int fd = open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return false;
  const bool synced = fsync(fd) == 0;
  close(fd);
  return synced;
}

}  // namespace

std::unique_ptr<Generation> load_last_good(const std::string& directory, uint32_t workers, std::string& why) {
  const std::string path = directory + "/" + kLastGoodName;
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat info {};
  if (fd < 0 || fstat(fd, &info) != 0) {
    why = path + ": " + std::strerror(errno);
    if (fd >= 0) close(fd);
    return nullptr;
  }
  const auto size = static_cast<size_t>(info.st_size);
  void* mapping = size == 0 ? MAP_FAILED : mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0);
  close(fd);
  if (mapping == MAP_FAILED) {
    why = path + ": refused: " +
          std::string(size == 0 ? text_of(ImageError::TooShort) : text_of(ImageError::NoMemory));
    return nullptr;
  }
  ImageError error = ImageError::None;
  auto generation = Generation::build({static_cast<const std::byte*>(mapping), size}, workers, error);
  munmap(mapping, size);
  if (!generation) why = path + ": refused: " + std::string(text_of(error));
  return generation;
}

bool store_last_good(const std::string& directory, std::span<const std::byte> image) {
  const std::string path = directory + "/" + kLastGoodName, fresh = path + ".new";
  const int fd = open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return false;
  const bool written = write_all(fd, image) && fsync(fd) == 0;
  close(fd);
  return written && rename(fresh.c_str(), path.c_str()) == 0 && sync_directory(directory);
}

}  // namespace sluice
