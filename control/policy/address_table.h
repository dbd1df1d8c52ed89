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

/// Collects prefixes with what they mean, and lays them out as disjoint ranges of the one address space.
class AddressTable {
 public:
  explicit AddressTable(SetTable& sets) : sets_(sets) {}

  void add_list(const Prefix& prefix, uint16_t list);
  void add_network(const Prefix& prefix, uint16_t network);
  void add_resolver(const Address& address);
  void add_link(const Address& address);  ///< a router at the end of a line

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
    bool resolver = false, link = false;
  };

  SetTable& sets_;
  std::map<Prefix, Meaning> prefixes_;  ///< by address, then length: a prefix comes after all that contain it
};

}  // namespace sluice::control
