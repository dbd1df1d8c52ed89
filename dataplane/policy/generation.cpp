// policy: building a generation beside the running one.
#include "dataplane/policy/generation.h"

#include <atomic>
#include <cstring>
#include <new>

namespace sluice {

std::unique_ptr<Generation> Generation::build(std::span<const std::byte> image, uint32_t workers,
                                              ImageError& error) {
  auto generation = std::unique_ptr<Generation>(new (std::nothrow) Generation);
  const size_t room = (image.size() + kSectionAlign - 1) / kSectionAlign * kSectionAlign;
  if (generation && room != 0)
    generation->copy_.reset(static_cast<std::byte*>(std::aligned_alloc(kSectionAlign, room)));
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
