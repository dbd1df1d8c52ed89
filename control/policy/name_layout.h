// control/policy: the suffix table as image.h lays it out, while it is built.
#pragma once

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

#include "control/policy/huge_pages.h"
#include "dataplane/contract/image.h"

namespace sluice::control {

inline uint64_t name_hash(std::string_view name, uint64_t seed) {
  return XXH3_64bits_withSeed(name.data(), name.size(), seed);
}

struct NameLayout {
  std::vector<NameSets> sets;
  std::vector<NameBucket> buckets;
  std::vector<std::byte> bytes;
  size_t names = 0;

  static constexpr uint32_t kAbsent = UINT32_MAX;

  /// Becomes the same as base, with room for more bytes; in its own memory as far as that suffices.
  void assign(const NameLayout& base, size_t room) {
    reserve_huge(bytes, base.bytes.size() + room);
    reserve_huge(buckets, base.buckets.size());
    *this = base;
  }

  NameEntry entry_at(size_t offset) const {
    NameEntry entry;
    std::memcpy(&entry, bytes.data() + offset, sizeof entry);
    return entry;
  }
  std::string_view name_at(size_t offset) const {
    return {reinterpret_cast<const char*>(bytes.data()) + offset + sizeof(NameEntry), entry_at(offset).size};
  }
  void set_sets(size_t offset, uint32_t sets_index) {
    std::memcpy(bytes.data() + offset + offsetof(NameEntry, sets), &sets_index, sizeof sets_index);
  }
  void write(size_t offset, std::string_view name, uint32_t sets_index) {
    const NameEntry entry{sets_index, static_cast<uint8_t>(name.size())};
    std::memcpy(bytes.data() + offset, &entry, sizeof entry);
    std::memcpy(bytes.data() + offset + sizeof entry, name.data(), name.size());
  }

  /// The offset of this very name; kAbsent where it is not there.
  uint32_t find(std::string_view name, uint64_t hash) const {
    for (size_t at = home_bucket(hash, buckets.size());; at = at + 1 < buckets.size() ? at + 1 : 0) {
      const NameBucket& bucket = buckets[at];
      for (size_t slot = 0; slot < kSlotsPerBucket; ++slot) {
        const uint32_t offset = bucket.offsets_plus_one[slot];
        if (offset == 0) return kAbsent;
        if (bucket.tags[slot] == tag_of(hash) && name_at(offset - 1) == name) return offset - 1;
      }
    }
  }

  /// Fetches what find will most likely compare; the bucket is at hand.
  void prefetch_entry(uint64_t hash) const {
    const NameBucket& bucket = buckets[home_bucket(hash, buckets.size())];
    for (size_t slot = 0; slot < kSlotsPerBucket; ++slot) {
      if (bucket.tags[slot] == tag_of(hash) && bucket.offsets_plus_one[slot] != 0)
        __builtin_prefetch(bytes.data() + bucket.offsets_plus_one[slot]);
    }
  }

  /// Points to offset from the first free slot at or behind the bucket first and before last. Returns false
  /// where there is none.
  bool place(uint32_t tag, uint32_t offset, size_t first, size_t last) {
    for (size_t at = first; at < last; ++at) {
      NameBucket& bucket = buckets[at];
      for (size_t slot = 0; slot < kSlotsPerBucket; ++slot) {
        if (bucket.offsets_plus_one[slot] != 0) continue;
        bucket.tags[slot] = tag;
        bucket.offsets_plus_one[slot] = offset + 1;
        return true;
      }
    }
    return false;
  }
  /// The same anywhere, from its home on.
  void place(uint64_t hash, uint32_t offset) {
    const size_t home = home_bucket(hash, buckets.size());
    if (!place(tag_of(hash), offset, home, buckets.size())) place(tag_of(hash), offset, 0, home);
  }
};

}  // namespace sluice::control
