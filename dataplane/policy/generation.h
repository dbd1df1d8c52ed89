// policy: one policy as the data plane runs it: its own copy of the image, opened, with a scratch for each
// worker.
#pragma once

#include <array>
#include <cstdlib>
#include <memory>
#include <span>

#include "dataplane/contract/stats.h"
#include "dataplane/policy/policy.h"

namespace sluice {

struct FreeImage {
  void operator()(std::byte* image) const { std::free(image); }
};

/// Built by one thread, then read by the workers, each with its own scratch.
class Generation {
 public:
  /// Copies and checks image. Returns nullptr with error where it is refused.
  [[nodiscard]] static std::unique_ptr<Generation> build(std::span<const std::byte> image, uint32_t workers,
                                                         ImageError& error);

  const Policy& policy() const { return *policy_; }
  Scratch& scratch(uint32_t worker) { return scratch_[worker]; }
  /// Unique in this process, never 0: an address may come again, this does not.
  uint64_t serial() const { return serial_; }
  std::span<const std::byte> image() const { return {copy_.get(), size_}; }

 private:
  Generation() = default;
  std::unique_ptr<std::byte, FreeImage> copy_;
  size_t size_ = 0;
  uint64_t serial_ = 0;
  std::unique_ptr<Policy> policy_;  // dies before the copy it reads
  std::array<Scratch, kMaxWorkers> scratch_;
};

}  // namespace sluice
