// policy: the sections of an opened image as typed arrays.
#pragma once

#include <span>
#include <vector>

#include "dataplane/policy/policy.h"

namespace sluice {

struct Policy::Tables {
  std::span<const std::byte> image;
  const ImageHeader* header = nullptr;
  std::span<const char> strings;
  const SiteInfo* site = nullptr;
  std::span<const LineInfo> lines;
  std::span<const NetworkInfo> networks;
  std::span<const uint16_t> vlans;
  std::span<const ListInfo> lists;
  std::span<const RuleInfo> rules;
  std::span<const PortRange> ports;
  std::span<const SetInfo> sets;
  std::span<const uint16_t> set_lists;
  std::span<const uint64_t> rule_bits;
  std::span<const NameSets> name_sets;
  std::span<const NameBucket> buckets;
  std::span<const std::byte> names;
  std::span<const Address> starts;
  std::span<const uint32_t> class_of;
  std::span<const AddressClass> classes;
  std::span<const uint16_t> candidates;
  std::span<const uint16_t> pattern_lists;
  std::span<const std::byte> pattern_bytes;
  std::span<const CalendarInfo> calendars;
  std::span<const int64_t> edges;

  bool any_shared = false;            ///< network
  std::vector<uint32_t> ipv4_starts;  ///< of starts those of IPv4, as numbers
  size_t before_ipv4 = 0;             ///< starts before them

  hs_database* patterns = nullptr;
  /// The rules that a pattern could make match: the rows of all lists with patterns, or'ed once.
  std::vector<uint64_t> pattern_rules;

  const uint64_t* row(uint32_t index) const { return rule_bits.data() + size_t{index} * site->rule_words; }
  const uint64_t* row(RuleRow fixed) const { return row(static_cast<uint32_t>(fixed)); }
  const uint64_t* row_for_list(uint32_t list) const {
    return row(row_to_list(static_cast<uint32_t>(sets.size()), static_cast<uint32_t>(networks.size()), list));
  }
  const uint64_t* row_for_network(bool from, uint32_t network) const {
    const auto set_count = static_cast<uint32_t>(sets.size());
    return row(from ? row_from_network(set_count, network) : row_to_network(set_count, network));
  }

  /// The class of the range that covers address.
  const AddressClass& class_for(const Address& address) const;
  /// Where starts are in order.
  void pick_ipv4_starts();
  /// The set of lists that cover a canonical name: by its longest stored suffix. 0 where none does.
  uint32_t set_for(std::string_view name) const;
  /// The same for many names at once, which wait for memory together. found: a set for each name.
  void sets_for(std::span<const std::string_view> many, std::span<uint32_t> found) const;
  /// The guards: the network of a local side that may use this line; else kNone16, with the refusal.
  /// open_lines: a row of those whose term is not over.
  uint16_t admit(const Subject& subject, const AddressClass& local, const uint64_t* open_lines,
                 Verdict& refusal) const;
  /// class_for's class names the candidates; the VLAN picks among them.
  uint16_t network_for(const AddressClass& address_class, uint16_t vlan) const;
};

inline bool bit(const uint64_t* row, uint32_t index) {
  return row[index / 64] >> (index % 64) & 1;
}

}  // namespace sluice
