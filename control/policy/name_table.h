// control/policy: builds the suffix table of host names.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "control/policy/name_block.h"
#include "control/policy/name_layout.h"
#include "control/policy/set_table.h"

namespace sluice::control {

inline constexpr size_t kMaxNames = size_t{100} << 20;  ///< added by all lists together

/// The names that a list takes from one place.
struct ListNames {
  const NameBlock* names;
  uint16_t list;
};

/// Builds the table of all these names, with their sets closed. seed: of the names' hash. sets: where the
/// sets of lists are interned. Returns nothing where they are too many.
std::optional<NameLayout> build_names(std::span<const ListNames> sources, SetTable& sets, uint64_t seed);

/// A name that a rule gives itself: a list of its own.
struct ExtraName {
  std::string_view name;
  NameScope scope;
  uint16_t list;
};

/// Bytes that they add to NameLayout::bytes at most.
size_t room_for(std::span<const ExtraName> extras);

/// Whether add_extras can take so many of them.
bool takes_extras(const NameLayout& base, size_t extras);

/// Adds the extras to a table that was built with the same sets and seed: what build_names would have made of
/// all together, in a fraction of the time. Their lists are in no set of the base.
void add_extras(NameLayout& base, std::span<const ExtraName> extras, SetTable& sets, uint64_t seed);

}  // namespace sluice::control
