// control/policy: memory for a policy image, aligned as its sections are.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <memory>
#include <span>
#include <system_error>

#include "control/base/files.h"
#include "control/base/unique_fd.h"

namespace sluice::control {

struct Unmap {
  size_t size = 0;
  void operator()(std::byte* memory) const { (void)munmap(memory, size); }
};

/// Zeroed bytes that start at a page, and so at a multiple of kSectionAlign; in a memfd, so that they can be
/// handed over as they are. Written through `write`, read where they lie. Movable.
class AlignedImage {
 public:
  AlignedImage() = default;
  /// Throws std::system_error.
  explicit AlignedImage(size_t size)
      : fd_(memfd_create("sluice-policy", MFD_CLOEXEC | MFD_ALLOW_SEALING)), size_(size) {
    void* memory = MAP_FAILED;
    if (fd_ && ftruncate(fd_.get(), static_cast<off_t>(size)) == 0)
      memory = mmap(nullptr, size, PROT_READ, MAP_SHARED, fd_.get(), 0);
    if (memory == MAP_FAILED)
      throw std::system_error(errno, std::generic_category(), "no memory for the image");
    memory_ = {static_cast<std::byte*>(memory), Unmap{size}};
  }

  std::span<const std::byte> bytes() const { return {memory_.get(), size_}; }

  /// bytes: offset and size within the image. Through the descriptor, which is twice as fast as a fault for
  /// each page. Throws std::system_error.
  void write(std::span<const std::byte> bytes, size_t offset) {
    if (lseek(fd_.get(), static_cast<off_t>(offset), SEEK_SET) < 0 || !write_all(fd_.get(), bytes))
      throw std::system_error(errno, std::generic_category(), "no memory for the image");
  }

  /// The memfd, of which no mapping is left, so that it can be sealed. The image is empty then.
  UniqueFd release() {
    memory_.reset();
    size_ = 0;
    return std::move(fd_);
  }

 private:
  UniqueFd fd_;
  std::unique_ptr<std::byte[], Unmap> memory_;
  size_t size_ = 0;
};

}  // namespace sluice::control
