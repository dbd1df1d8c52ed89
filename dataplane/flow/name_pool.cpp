// flow: interning of names.
#define XXH_INLINE_ALL
#include "dataplane/flow/name_pool.h"

#include <xxhash.h>

#include <cstring>

namespace sluice {

uint32_t& NamePool::bucket_of(std::string_view name) {
  return buckets_[XXH3_64bits_withSeed(name.data(), name.size(), seed_) & mask_];
}

uint32_t NamePool::intern(std::string_view name) {
  if (name.empty() || name.size() > kMaxName) return 0;
  uint32_t& head = bucket_of(name);
  for (uint32_t handle = head; handle != 0; handle = cells_[handle - 1].next) {
    if (view(handle) != name) continue;
    ++cells_[handle - 1].references;
    return handle;
  }
  uint32_t handle = free_;
  if (handle != 0) {
    free_ = cells_[handle - 1].next;
  } else {
    if (untouched_ == capacity_) return 0;
    handle = ++untouched_;
  }
  Cell& cell = cells_[handle - 1];
  cell.references = 1;
  cell.size = static_cast<uint8_t>(name.size());
  std::memcpy(cell.text, name.data(), name.size());
  cell.next = head;
  head = handle;
  ++size_;
  return handle;
}

void NamePool::release(uint32_t handle) {
  if (handle == 0 || --cells_[handle - 1].references != 0) return;
  uint32_t* link = &bucket_of(view(handle));
  while (*link != handle) link = &cells_[*link - 1].next;
  *link = cells_[handle - 1].next;
  cells_[handle - 1].next = free_;
  free_ = handle;
  --size_;
}

}  // namespace sluice
