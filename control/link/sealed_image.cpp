// control/link: makes sealed memfds.
#include "control/link/sealed_image.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "control/base/files.h"
#include "dataplane/contract/image.h"

namespace sluice::control {
namespace {

constexpr int kSeals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;

}  // namespace

std::shared_ptr<const SealedImage> SealedImage::make(std::span<const std::byte> image, uint32_t generation,
                                                     std::string& error) {
  UniqueFd fd(::memfd_create("sluice-policy", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!fd || !write_all(fd.get(), image)) {
    error = errno_text("cannot make a memfd of " + std::to_string(image.size()) + " bytes");
    return nullptr;
  }
  return seal(std::move(fd), generation, error);
}

std::shared_ptr<const SealedImage> SealedImage::seal(UniqueFd fd, uint32_t generation, std::string& error) {
  if (::fcntl(fd.get(), F_ADD_SEALS, kSeals) != 0) {
    error = errno_text("cannot seal an image");
    return nullptr;
  }
  return adopt(std::move(fd), generation, error);
}

std::shared_ptr<const SealedImage> SealedImage::adopt(UniqueFd fd, uint32_t generation, std::string& error) {
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0 || (::fcntl(fd.get(), F_GET_SEALS) & kSeals) != kSeals ||
      status.st_size <= 0 || static_cast<uint64_t>(status.st_size) > kImageMaxBytes) {
    error = "what came is no sealed image";
    return nullptr;
  }
  std::shared_ptr<SealedImage> out(new SealedImage());
  out->fd_ = std::move(fd);
  out->size_ = static_cast<size_t>(status.st_size);
  out->generation_ = generation;
  return out;
}

MappedImage::MappedImage(const std::string& path) {
  if (const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)); fd) {
    map(fd.get());
  }
}

void MappedImage::map(int fd) {
  struct stat status {};
  if (::fstat(fd, &status) != 0 || !S_ISREG(status.st_mode) || status.st_size <= 0) {
    return;
  }
  void* memory = ::mmap(nullptr, static_cast<size_t>(status.st_size), PROT_READ, MAP_PRIVATE, fd, 0);
  if (memory != MAP_FAILED) {
    bytes_ = {static_cast<const std::byte*>(memory), static_cast<size_t>(status.st_size)};
  }
}

MappedImage::~MappedImage() {
  if (!bytes_.empty()) {
    ::munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
  }
}

}  // namespace sluice::control
