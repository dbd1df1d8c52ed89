// control/policy: builds the suffix table of host names.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <unordered_map>
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

  /// The same, and list is not to cover it, whatever else is added.
  bool except(std::string_view name, NameScope scope, uint16_t list);

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

  /// The sets of lists that are not to cover a name, and what is below it.
  struct Exception {
    uint32_t self_set = 0, below_set = 0;
  };

  /// The entry of name, made where there is none; kAbsent where the table is full.
  uint32_t entry_of(std::string_view name);
  uint32_t find(std::string_view name, uint64_t hash) const;
  uint32_t parent_of(const Entry& entry) const;
  void close(uint32_t index);
  void take_out(uint32_t index, uint32_t parent);
  void grow();

  SetTable& sets_;
  uint64_t seed_;
  std::vector<Entry> entries_;
  std::unordered_map<uint32_t, Exception> exceptions_;  ///< by index of the entry; few have one
  std::vector<uint32_t> slots_;  ///< open addressing over entries_, a power of two, at most half full
};

}  // namespace sluice::control
