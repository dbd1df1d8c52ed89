// control/policy: memory for a policy image, aligned as its sections are.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <span>

#include "dataplane/contract/image.h"

namespace sluice::control {

struct AlignedFree {
  void operator()(std::byte* memory) const { std::free(memory); }
};

/// Zeroed bytes that start at a multiple of kSectionAlign. Movable.
class AlignedImage {
 public:
  AlignedImage() = default;
  explicit AlignedImage(size_t size) : size_(size) {
    const size_t rounded = (size + kSectionAlign - 1) / kSectionAlign * kSectionAlign;
    memory_.reset(static_cast<std::byte*>(std::aligned_alloc(kSectionAlign, rounded)));
    if (!memory_) throw std::bad_alloc();
    std::memset(memory_.get(), 0, rounded);
  }

  std::span<const std::byte> bytes() const { return {memory_.get(), size_}; }
  std::span<std::byte> bytes() { return {memory_.get(), size_}; }

 private:
  std::unique_ptr<std::byte[], AlignedFree> memory_;
  size_t size_ = 0;
};

}  // namespace sluice::control
