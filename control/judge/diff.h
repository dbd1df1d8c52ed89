// control/judge: what people changed between two policies.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "control/judge/written.h"

namespace sluice::control {

inline constexpr size_t kMaxEntriesNamed = 10;  ///< of what came or went in one field; the rest is counted

/// One key of something that stands in both, or the entries of a list's files.
struct FieldChange {
  std::string field;
  std::string before, after;                ///< of a single value; empty: it was not said
  std::vector<std::string> added, removed;  ///< of several, the first of them
  uint64_t added_count = 0, removed_count = 0;
};

enum class ChangeKind : uint8_t {
  Added,
  Removed,
  Changed,
  Moved  ///< a rule or exception, past another one
};
/// `added`, `removed`, `changed` or `moved`.
[[nodiscard]] std::string_view word_of(ChangeKind kind);

/// Something with a name, or a setting.
struct Change {
  std::string section;  ///< the policy's key: lines, networks, lists, rules, …; settings
  std::string name;
  ChangeKind kind = ChangeKind::Changed;
  std::vector<std::string> whom;  ///< networks, addresses: as the rules say it; `everyone`; empty: the site
  std::vector<FieldChange> fields;
};

/// All of it, section by section; list files are compared by their entries.
[[nodiscard]] std::vector<Change> diff_written(const WrittenPolicy& before, const WrittenPolicy& after);

}  // namespace sluice::control
