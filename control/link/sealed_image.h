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
  int fd() const { return fd_.get(); }
  size_t size() const { return size_; }
  uint32_t generation() const { return generation_; }

 private:
  SealedImage() = default;
  UniqueFd fd_;
  size_t size_ = 0;
  uint32_t generation_ = 0;
};

}  // namespace sluice::control
