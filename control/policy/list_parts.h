// control/policy: the parts of lists that are reached on ports of their own.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "control/policy/image_writer.h"
#include "control/policy/rule_resolver.h"
#include "dataplane/contract/image.h"

namespace sluice::control {

bool same_ports(std::span<const PortRange> a, std::span<const PortRange> b);

/// Those entries of a list that are reached on the same ports. In the image it is a list of its own with the
/// name of the whole.
struct ListPart {
  uint16_t of;
  std::vector<PortRange> ports;
};

class ListParts {
 public:
  /// first: the index that the first part gets as a list.
  explicit ListParts(size_t first) : first_(first) {}

  /// The list that holds what is reached on these ports.
  uint16_t part_of(uint16_t list, std::span<const PortRange> ports);

  std::span<const ListPart> parts() const { return parts_; }
  /// Whether there were more than an image can have; those have become parts of the last.
  bool full() const { return full_; }

 private:
  size_t first_;
  std::vector<ListPart> parts_;
  bool full_ = false;
};

inline constexpr size_t kMaxListParts = 1000;  ///< of all lists

/// Each rule that opens a list with parts becomes one for each part, on the ports that both allow, behind the
/// one for the rest of the list, and one for questions after their names. What does not open takes every part
/// as it takes the list, on all ports. rules: as tables.rules; parts are the last of tables.lists. Returns
/// the new rules, which tables.rules holds then.
std::vector<ResolvedRule> split_by_ports(const std::vector<ResolvedRule>& rules,
                                         std::span<const ListPart> parts, ImageTables& tables);

}  // namespace sluice::control
