// control/policy: reads files of names.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "control/policy/diagnostics.h"
#include "control/policy/host_name.h"
#include "control/policy/policy_source.h"

namespace sluice::control {

inline constexpr size_t kMaxListBytes = size_t{1} << 30;  ///< of one list file
inline constexpr size_t kMaxListWarnings = 10;            ///< of one list file; the rest is counted

/// Takes each name, canonical; a view into the text.
using TakeName = std::function<void(std::string_view name, NameScope scope)>;

/// Reads one list file. text: its bytes; names are brought into lower case in place. file: its index in
/// report. Names: one of `name`, `=name`, `*.name` a line. Hosts: an address, then names; the names of the
/// machine itself (localhost and the like) are passed over. `#` begins a comment. A wrong line is a warning;
/// a file of which no line is right is an error. Returns how many names it took.
size_t read_list(std::string& text, ListFormat format, uint32_t file, Report& report, const TakeName& take);

}  // namespace sluice::control
