// control/policy: builds the suffix table of host names.
#include "control/policy/name_table.h"

#include <xxhash.h>

#include <bit>
#include <cstring>
#include <limits>

namespace sluice::control {
namespace {

constexpr size_t kFirstSlots = 1024;

/// Enough buckets that three quarters of the slots are used at most, so that empty ones end every look-up.
size_t bucket_count(size_t names) {
  return names == 0 ? 0 : std::bit_ceil((names * 4 + 3 * 8 - 1) / (3 * 8));
}
static_assert(kSlotsPerBucket == 8);

}  // namespace

uint32_t NameTable::entry_of(std::string_view name) {
  const uint64_t hash = XXH3_64bits_withSeed(name.data(), name.size(), seed_);
  if (entries_.size() * 2 >= slots_.size()) grow();
  size_t slot = hash & (slots_.size() - 1);
  while (slots_[slot] != kAbsent) {
    const Entry& other = entries_[slots_[slot]];
    if (other.hash == hash && other.text() == name) break;
    slot = (slot + 1) & (slots_.size() - 1);
  }
  if (slots_[slot] == kAbsent) {
    if (entries_.size() == kMaxNames) return kAbsent;
    slots_[slot] = static_cast<uint32_t>(entries_.size());
    entries_.push_back({name.data(), hash, 0, 0, static_cast<uint8_t>(name.size()), false});
  }
  return slots_[slot];
}

bool NameTable::add(std::string_view name, NameScope scope, uint16_t list) {
  const uint32_t index = entry_of(name);
  if (index == kAbsent) return false;
  Entry& entry = entries_[index];
  if (scope != NameScope::Below) entry.self_set = sets_.add(entry.self_set, list);
  if (scope != NameScope::Self) entry.below_set = sets_.add(entry.below_set, list);
  return true;
}

bool NameTable::except(std::string_view name, NameScope scope, uint16_t list) {
  const uint32_t index = entry_of(name);
  if (index == kAbsent) return false;
  Exception& exception = exceptions_[index];
  if (scope != NameScope::Below) exception.self_set = sets_.add(exception.self_set, list);
  if (scope != NameScope::Self) exception.below_set = sets_.add(exception.below_set, list);
  return true;
}

void NameTable::grow() {
  slots_.assign(slots_.empty() ? kFirstSlots : slots_.size() * 2, kAbsent);
  for (size_t i = 0; i < entries_.size(); ++i) {
    size_t slot = entries_[i].hash & (slots_.size() - 1);
    while (slots_[slot] != kAbsent) slot = (slot + 1) & (slots_.size() - 1);
    slots_[slot] = static_cast<uint32_t>(i);
  }
}

uint32_t NameTable::find(std::string_view name, uint64_t hash) const {
  for (size_t slot = hash & (slots_.size() - 1); slots_[slot] != kAbsent;
       slot = (slot + 1) & (slots_.size() - 1)) {
    const Entry& entry = entries_[slots_[slot]];
    if (entry.hash == hash && entry.text() == name) return slots_[slot];
  }
  return kAbsent;
}

uint32_t NameTable::parent_of(const Entry& entry) const {
  std::string_view name = entry.text();
  for (size_t dot = name.find('.'); dot != name.npos; dot = name.find('.')) {
    name.remove_prefix(dot + 1);
    const uint32_t found = find(name, XXH3_64bits_withSeed(name.data(), name.size(), seed_));
    if (found != kAbsent) return found;
  }
  return kAbsent;
}

/// Calls itself once for each stored name above, so at most 127 deep.
void NameTable::close(uint32_t index) {
  Entry& entry = entries_[index];
  if (entry.closed) return;
  entry.closed = true;
  const uint32_t parent = parent_of(entry);
  if (parent != kAbsent) {
    close(parent);
    const uint32_t above = entries_[parent].below_set;
    entry.self_set = sets_.unite(entry.self_set, above);
    entry.below_set = sets_.unite(entry.below_set, above);
  }
  if (!exceptions_.empty()) take_out(index, parent);
}

/// An exception holds for every name below it, also where the list names that one itself.
void NameTable::take_out(uint32_t index, uint32_t parent) {
  const auto own = exceptions_.find(index);
  Exception exception = own == exceptions_.end() ? Exception{} : own->second;
  const auto above = parent == kAbsent ? exceptions_.end() : exceptions_.find(parent);
  if (above != exceptions_.end()) {
    exception.self_set = sets_.unite(exception.self_set, above->second.below_set);
    exception.below_set = sets_.unite(exception.below_set, above->second.below_set);
  }
  if (exception.self_set == 0 && exception.below_set == 0) return;
  exceptions_[index] = exception;
  Entry& entry = entries_[index];
  entry.self_set = sets_.subtract(entry.self_set, exception.self_set);
  entry.below_set = sets_.subtract(entry.below_set, exception.below_set);
}

NameTable::Layout NameTable::finish() {
  Layout out;
  size_t total = 0;
  for (size_t i = 0; i < entries_.size(); ++i) {
    close(static_cast<uint32_t>(i));
    total += sizeof(NameEntry) + entries_[i].size;
  }
  if (total >= std::numeric_limits<uint32_t>::max()) return out;
  out.bytes.resize(total);
  out.buckets.resize(bucket_count(entries_.size()));
  size_t offset = 0;
  for (const Entry& entry : entries_) {
    const NameEntry head{entry.self_set, entry.below_set, entry.size};
    std::memcpy(out.bytes.data() + offset, &head, sizeof head);
    std::memcpy(out.bytes.data() + offset + sizeof head, entry.name, entry.size);
    const NameSlot slot{static_cast<uint32_t>(entry.hash >> 32), static_cast<uint32_t>(offset + 1)};
    offset += sizeof head + entry.size;
    for (size_t bucket = entry.hash & (out.buckets.size() - 1);;
         bucket = (bucket + 1) & (out.buckets.size() - 1)) {
      NameSlot* const slots = out.buckets[bucket].slots;
      size_t free = 0;
      while (free < kSlotsPerBucket && slots[free].offset_plus_one != 0) ++free;
      if (free == kSlotsPerBucket) continue;
      slots[free] = slot;
      break;
    }
  }
  return out;
}

}  // namespace sluice::control
