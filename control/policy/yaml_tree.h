// control/policy: YAML text becomes a tree with positions; nothing of yaml-cpp shows outside.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "control/policy/diagnostics.h"

namespace sluice::control {

inline constexpr size_t kMaxYamlBytes = size_t{64} << 20;  ///< of one file
inline constexpr size_t kMaxYamlLine = size_t{1} << 20;    ///< yaml-cpp keeps every token of a line at once
inline constexpr size_t kMaxYamlNodes = size_t{2} << 20;   ///< of one file
inline constexpr size_t kMaxYamlDepth = 16;                ///< a policy needs six

struct YamlNode {
  enum class Kind : uint8_t {
    Null,
    Scalar,
    Sequence,
    Map
  };
  Kind kind = Kind::Null;
  Position at;
  std::string text;                ///< of a scalar
  std::vector<YamlNode> children;  ///< of a sequence; of a map key and value by turns, every key a scalar
};

/// Parses one file of one document. file: its index in report. Refuses, at the place: text that is not UTF-8,
/// tabs in an indentation, anchors, aliases, tags, a key given twice, a second document, and what exceeds the
/// bounds. Returns nothing where the file cannot be read on; an empty file is a Null node. Throws nothing but
/// bad_alloc.
std::optional<YamlNode> parse_yaml(std::string_view text, uint32_t file, Report& report);

}  // namespace sluice::control
