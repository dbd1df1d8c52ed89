// control/policy: memory for a policy image, aligned as its sections are.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <memory>
#include <new>
#include <span>

#include "control/policy/huge_pages.h"

namespace sluice::control {

struct Unmap {
  size_t size = 0;
  void operator()(std::byte* memory) const { (void)munmap(memory, size); }
};

/// Zeroed bytes that start at a page, and so at a multiple of kSectionAlign. Movable.
class AlignedImage {
 public:
  AlignedImage() = default;
  explicit AlignedImage(size_t size) : size_(size) {
    if (size == 0) return;
    void* memory = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) throw std::bad_alloc();
    advise_huge(memory, size);
    memory_ = {static_cast<std::byte*>(memory), Unmap{size}};
  }

  std::span<const std::byte> bytes() const { return {memory_.get(), size_}; }
  std::span<std::byte> bytes() { return {memory_.get(), size_}; }

 private:
  std::unique_ptr<std::byte[], Unmap> memory_;
  size_t size_ = 0;
};

}  // namespace sluice::control
