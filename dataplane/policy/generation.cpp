// policy: building a generation beside the running one.
#include "dataplane/policy/generation.h"

#include <sys/mman.h>

#include <atomic>
#include <cstring>
#include <new>

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

std::unique_ptr<Generation> Generation::build(std::span<const std::byte> image, uint32_t workers,
                                              ImageError& error) {
  auto generation = std::unique_ptr<Generation>(new (std::nothrow) Generation);
  if (generation && !image.empty()) generation->copy_.reset(memory_for(image.size()));
  if (!generation || !generation->copy_) {
    error = image.empty() ? ImageError::TooShort : ImageError::NoMemory;
    return nullptr;
  }
  static std::atomic<uint64_t> serials{0};
  generation->serial_ = ++serials;
  std::memcpy(generation->copy_.get(), image.data(), image.size());
  generation->size_ = image.size();
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
