// flow: memory for the tables, taken once at start.
#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <bit>

#include "dataplane/flow/bindings.h"
#include "dataplane/flow/context.h"
#include "dataplane/flow/flow_table.h"
#include "dataplane/flow/name_pool.h"

namespace sluice {
namespace {

/// Fills free so that low indices are taken first: pages are touched only as the table fills.
void fill_free(uint32_t* free, uint32_t count) {
  for (uint32_t i = 0; i < count; ++i) free[i] = count - 1 - i;
}

}  // namespace

bool FlowTable::create(uint32_t capacity, uint64_t seed) {
  capacity_ = std::max<uint32_t>(8, (capacity + 7) / 8 * 8);
  for (uint64_t i = 0; i < keys_.size(); ++i) keys_[i] = XXH3_64bits_withSeed(&i, sizeof i, seed);
  // Seven places for five flows: both buckets of a key are then hardly ever full before the table is.
  bucket_count_ = size_t{capacity_} * 7 / 5 / kWays + 1;
  buckets_ = make_fixed_array<Bucket>(bucket_count_);
  chunks_ = make_fixed_array<FlowChunk>(capacity_ / kFlowsOfChunk + 1);  // with the lone one
  return buckets_ && chunks_;
}

bool NamePool::create(uint32_t capacity, uint64_t seed) {
  capacity_ = capacity;
  seed_ = seed;
  mask_ = std::bit_ceil(std::max<uint32_t>(capacity, 2)) - 1;
  cells_ = make_fixed_array<Cell>(capacity);
  buckets_ = make_fixed_array<uint32_t>(size_t{mask_} + 1);
  return cells_ && buckets_;
}

bool Bindings::create(uint32_t capacity, uint64_t seed, NamePool& names) {
  names_ = &names;
  seed_ = seed;
  mask_ = std::bit_ceil(std::max<uint32_t>(capacity / kWays, 1)) - 1;
  places_ = make_fixed_array<Place>((mask_ + 1) * kWays);
  return places_ != nullptr;
}

bool Questions::create(uint32_t capacity, uint64_t seed) {
  seed_ = seed;
  mask_ = std::bit_ceil(std::max<uint32_t>(capacity / kWays, 1)) - 1;
  places_ = make_fixed_array<Place>((mask_ + 1) * kWays);
  return places_ != nullptr;
}

bool BlockPool::create(uint32_t capacity) {
  capacity_ = free_count_ = capacity;
  bytes_ = make_fixed_array<uint8_t>(size_t{capacity} * kStreamBlock);
  free_ = make_fixed_array<uint32_t>(capacity);
  if (!bytes_ || !free_) return false;
  fill_free(free_.get(), capacity);
  return true;
}

bool ContextPool::create(uint32_t capacity) {
  capacity_ = free_count_ = capacity;
  contexts_ = make_fixed_array<Context>(capacity);
  free_ = make_fixed_array<uint32_t>(capacity);
  free_hpack_count_ = (capacity + kContextsPerHpack - 1) / kContextsPerHpack;
  hpacks_ = make_fixed_array<Hpack>(free_hpack_count_);
  free_hpacks_ = make_fixed_array<uint32_t>(free_hpack_count_);
  if (!contexts_ || !free_ || !hpacks_ || !free_hpacks_) return false;
  if (!blocks_.create(capacity * kBlocksPerContext)) return false;
  fill_free(free_.get(), capacity);
  fill_free(free_hpacks_.get(), free_hpack_count_);
  return true;
}

}  // namespace sluice
