// control/link: a policy image in the form in which it is handed over.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "control/base/unique_fd.h"

namespace sluice::control {

/// An image in a memfd with all four seals: whoever holds it, nobody can change it any more. Immutable.
class SealedImage {
 public:
  /// Copies image. Returns nullptr and says in error why the kernel refused.
  [[nodiscard]] static std::shared_ptr<const SealedImage> make(std::span<const std::byte> image,
                                                               uint32_t generation, std::string& error);
  /// Seals a memfd that holds an image and that nothing maps for writing. Returns nullptr as make does.
  [[nodiscard]] static std::shared_ptr<const SealedImage> seal(UniqueFd fd, uint32_t generation,
                                                               std::string& error);
  /// Takes over a memfd that another process made. Returns nullptr where it is not sealed, or of a size that
  /// no image has.
  [[nodiscard]] static std::shared_ptr<const SealedImage> adopt(UniqueFd fd, uint32_t generation,
                                                                std::string& error);
  int fd() const { return fd_.get(); }
  size_t size() const { return size_; }
  uint32_t generation() const { return generation_; }

 private:
  SealedImage() = default;
  UniqueFd fd_;
  size_t size_ = 0;
  uint32_t generation_ = 0;
};

/// An image mapped for reading; empty where it cannot be.
class MappedImage {
 public:
  explicit MappedImage(const SealedImage& image) { map(image.fd()); }
  /// path: of a regular file.
  explicit MappedImage(const std::string& path);
  MappedImage(const MappedImage&) = delete;
  MappedImage& operator=(const MappedImage&) = delete;
  ~MappedImage();
  std::span<const std::byte> bytes() const { return bytes_; }

 private:
  void map(int fd);
  std::span<const std::byte> bytes_;
};

}  // namespace sluice::control
