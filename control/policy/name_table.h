// control/policy: builds the suffix table of host names.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "control/policy/host_name.h"
#include "control/policy/set_table.h"
#include "dataplane/contract/image.h"

namespace sluice::control {

/// Collects names with the lists that cover them, closes their sets, and lays the table out as image.h says.
class NameTable {
 public:
  static constexpr size_t kMaxNames = size_t{100} << 20;  ///< so that offsets fit into NameSlot

  /// seed: of the names' hash. sets: where the sets of lists are interned.
  NameTable(SetTable& sets, uint64_t seed) : sets_(sets), seed_(seed) {}

  /// name: canonical; its bytes must outlive the table. Returns false where the table is full.
  bool add(std::string_view name, NameScope scope, uint16_t list);

  size_t size() const { return entries_.size(); }

  struct Layout {
    std::vector<NameBucket> buckets;
    std::vector<std::byte> bytes;
  };
  /// Closes the sets and lays the table out. bytes stays below 4 GiB, or buckets is empty though names are
  /// not.
  Layout finish();

 private:
  struct Entry {
    const char* name;
    uint64_t hash;
    uint32_t self_set, below_set;
    uint8_t size;
    bool closed;
    std::string_view text() const { return {name, size}; }
  };
  static constexpr uint32_t kAbsent = 0xffffffff;

  uint32_t find(std::string_view name, uint64_t hash) const;
  uint32_t parent_of(const Entry& entry) const;
  void close(uint32_t index);
  void grow();

  SetTable& sets_;
  uint64_t seed_;
  std::vector<Entry> entries_;
  std::vector<uint32_t> slots_;  ///< open addressing over entries_, a power of two, at most half full
};

}  // namespace sluice::control
