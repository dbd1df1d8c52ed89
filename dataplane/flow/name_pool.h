// flow: the names that flows and bindings remember, each stored once.
#pragma once

#include <cstdint>
#include <string_view>

#include "dataplane/contract/image.h"
#include "dataplane/flow/memory.h"

namespace sluice {

/// Interned names with reference counts; never grows. Handle 0 is no name.
class NamePool {
 public:
  [[nodiscard]] bool create(uint32_t capacity, uint64_t seed);

  /// The handle of name with one more reference; 0 for an empty name, or where there is no room (counted by
  /// the caller).
  [[nodiscard]] uint32_t intern(std::string_view name);
  void release(uint32_t handle);
  std::string_view view(uint32_t handle) const {
    return handle == 0 ? std::string_view{}
                       : std::string_view{cells_[handle - 1].text, cells_[handle - 1].size};
  }
  uint32_t size() const { return size_; }
  uint32_t capacity() const { return capacity_; }

 private:
  struct Cell {
    uint32_t references;
    uint32_t next;    ///< of the same bucket, or of the free list; handle
    uint32_t bucket;  ///< in which it is
    uint8_t size;
    char text[kMaxName];
  };

  FixedArray<Cell> cells_;
  FixedArray<uint32_t> buckets_;
  uint32_t free_ = 0, capacity_ = 0, size_ = 0, mask_ = 0, untouched_ = 0;
  uint64_t seed_ = 0;
};

}  // namespace sluice
