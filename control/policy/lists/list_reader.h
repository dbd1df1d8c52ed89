// control/policy: reads list files of any format.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>

#include "control/policy/diagnostics.h"
#include "control/policy/host_name.h"
#include "control/policy/policy_source.h"
#include "control/policy/prefix.h"

namespace sluice::control {

inline constexpr size_t kMaxListBytes = size_t{1} << 30;  ///< of one list file
inline constexpr size_t kMaxListWarnings = 10;            ///< of one list file; the rest is counted by kind
inline constexpr size_t kMaxListPatterns = 1000;          ///< names with stars in one list file
inline constexpr size_t kMaxListPrefixes = size_t{2} << 20;  ///< of one list file

/// The bytes of one list file, and the names of it that had to be written anew.
struct ListText {
  std::string text;
  std::deque<std::string> made;
};

/// Takes what a list file says. Names are canonical, and views into the ListText.
class ListTaker {
 public:
  virtual ~ListTaker() = default;
  virtual void take_name(std::string_view name, NameScope scope) = 0;
  /// What the list is not to cover, though other entries of it do.
  virtual void take_exception(std::string_view name, NameScope scope) = 0;
  /// A name with stars, as the expression that matches it.
  virtual void take_pattern(std::string pattern, Position at) = 0;
  virtual void take_prefix(const Prefix& prefix) = 0;
  /// What comes next is reached on these ports only; none: on any, as at the start of a file.
  virtual void begin_ports(std::span<const PortRange> ports) = 0;
};

/// Reads one list file; text: names in it are brought into lower case in place. file: its index in report. An
/// entry that cannot be understood is a warning; a file with none that can, or of another format, is an
/// error. Returns how many entries it took.
size_t read_list(ListText& text, ListFormat format, uint32_t file, Report& report, ListTaker& taker);

}  // namespace sluice::control
