// control/policy: builds the table of address ranges.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include "control/policy/prefix.h"
#include "control/policy/set_table.h"
#include "dataplane/contract/address.h"
#include "dataplane/contract/image.h"

namespace sluice::control {

/// What an address is, besides what lists and networks say of it; each a bit.
enum class AddressMark : uint8_t {
  Resolver = 1,
  Link = 2,      ///< a router at the end of a line
  Office = 4,    ///< the company's own, beyond the line
  Internal = 8,  ///< not routed on the Internet; known without a policy
  Group = 16     ///< of no one machine; known without a policy
};

/// Collects prefixes with what they mean, and lays them out as disjoint ranges of the one address space.
class AddressTable {
 public:
  explicit AddressTable(SetTable& sets) : sets_(sets) {}

  void add_list(const Prefix& prefix, uint16_t list);
  void add_network(const Prefix& prefix, uint16_t network);
  void mark(const Prefix& prefix, AddressMark as);

  /// How many different prefixes were added.
  size_t size() const { return prefixes_.size(); }

  struct Layout {
    std::vector<Address> starts;
    std::vector<uint32_t> class_of;
    std::vector<AddressClass> classes;
    std::vector<uint16_t> candidates;
  };
  Layout finish();

 private:
  /// What the policy says of one prefix alone.
  struct Meaning {
    uint32_t set = 0;
    std::vector<uint16_t> networks;
    uint8_t marks = 0;
  };

  SetTable& sets_;
  std::map<Prefix, Meaning> prefixes_;  ///< by address, then length: a prefix comes after all that contain it
};

}  // namespace sluice::control
