// flow: interning of names.
#define XXH_INLINE_ALL
#include "dataplane/flow/name_pool.h"

#include <xxhash.h>

#include <cstring>

namespace sluice {

uint32_t NamePool::intern(std::string_view name) {
  if (name.empty() || name.size() > kMaxName) return 0;
  const auto bucket = static_cast<uint32_t>(XXH3_64bits_withSeed(name.data(), name.size(), seed_) & mask_);
  uint32_t& head = buckets_[bucket];
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
  cell.bucket = bucket;
  cell.size = static_cast<uint8_t>(name.size());
  std::memcpy(cell.text, name.data(), name.size());
  cell.next = head;
  head = handle;
  ++size_;
  return handle;
}

void NamePool::release(uint32_t handle) {
  if (handle == 0) return;
  Cell& cell = cells_[handle - 1];
  if (--cell.references != 0) return;
  uint32_t* link = &buckets_[cell.bucket];
  while (*link != handle) link = &cells_[*link - 1].next;
  *link = cell.next;
  cell.next = free_;
  free_ = handle;
  --size_;
}

}  // namespace sluice
