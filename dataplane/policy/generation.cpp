// policy: building a generation beside the running one.
#include "dataplane/policy/generation.h"

#include <sys/mman.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>

namespace sluice {

namespace {

constexpr size_t kHugePage = size_t{2} << 20;

/// A large image lies in huge pages where the kernel has them: look-ups at random miss the TLB nearly each
/// time else, and copying takes a fault for every 4 KiB.
std::byte* memory_for(size_t size) {
  const size_t align = size < kHugePage ? kSectionAlign : kHugePage;
  const size_t room = (size + align - 1) / align * align;
  void* memory = std::aligned_alloc(align, room);
  if (memory != nullptr && align == kHugePage) madvise(memory, room, MADV_HUGEPAGE);
  return static_cast<std::byte*>(memory);
}

}  // namespace

void FreeImage::operator()(std::byte* image) const {
  if (mapped == 0) return std::free(image);
  (void)munmap(image, mapped);
}

std::unique_ptr<Generation> Generation::build(std::span<const std::byte> image, uint32_t workers,
                                              ImageError& error) {
  ImageMemory copy(image.empty() ? nullptr : memory_for(image.size()));
  if (copy != nullptr) std::memcpy(copy.get(), image.data(), image.size());
  error = image.empty() ? ImageError::TooShort : ImageError::NoMemory;
  return copy == nullptr ? nullptr : build(std::move(copy), image.size(), workers, error);
}

std::unique_ptr<Generation> Generation::build(ImageMemory memory, size_t size, uint32_t workers,
                                              ImageError& error) {
  auto generation = std::unique_ptr<Generation>(new (std::nothrow) Generation);
  error = ImageError::NoMemory;
  if (!generation) return nullptr;
  static std::atomic<uint64_t> serials{0};
  generation->serial_ = ++serials;
  generation->memory_ = std::move(memory);
  generation->size_ = size;
  generation->policy_ = Policy::open(generation->image(), error);
  if (!generation->policy_) return nullptr;
  for (uint32_t worker = 0; worker < workers; ++worker) {
    if (generation->policy_->make_scratch(generation->scratch_[worker])) continue;
    error = ImageError::NoMemory;
    return nullptr;
  }
  return generation;
}

}  // namespace sluice
