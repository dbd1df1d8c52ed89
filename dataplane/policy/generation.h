// policy: one policy as the data plane runs it: an image that nobody changes, opened, with a scratch for each
// worker.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <span>

#include "dataplane/contract/stats.h"
#include "dataplane/policy/policy.h"

namespace sluice {

/// Gives back an image's memory: a mapping of so many bytes, or, with 0, what the C library gave.
struct FreeImage {
  size_t mapped = 0;
  void operator()(std::byte* image) const;
};
using ImageMemory = std::unique_ptr<std::byte, FreeImage>;

/// Built by one thread, then read by the workers, each with its own scratch.
class Generation {
 public:
  /// Copies and checks image. Returns nullptr with error where it is refused.
  [[nodiscard]] static std::unique_ptr<Generation> build(std::span<const std::byte> image, uint32_t workers,
                                                         ImageError& error);
  /// The same without a copy. memory: size bytes that nobody can change.
  [[nodiscard]] static std::unique_ptr<Generation> build(ImageMemory memory, size_t size, uint32_t workers,
                                                         ImageError& error);

  const Policy& policy() const { return *policy_; }
  Scratch& scratch(uint32_t worker) { return scratch_[worker]; }
  /// Unique in this process, never 0: an address may come again, this does not.
  uint64_t serial() const { return serial_; }
  std::span<const std::byte> image() const { return {memory_.get(), size_}; }

 private:
  Generation() = default;
  ImageMemory memory_;
  size_t size_ = 0;
  uint64_t serial_ = 0;
  std::unique_ptr<Policy> policy_;  // dies before the memory it reads
  std::array<Scratch, kMaxWorkers> scratch_;
};

}  // namespace sluice
