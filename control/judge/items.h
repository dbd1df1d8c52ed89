// control/judge: a policy's YAML as items with names, whatever keys it has.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "control/policy/policy_compiler.h"
#include "control/policy/yaml_tree.h"

namespace sluice::control {

/// Something that a policy declares, or one of its settings.
struct PolicyItem {
  std::string name;
  std::map<std::string, YamlNode> fields;  ///< a setting with a single value has it under the empty key
};

/// The items of one section, in the policy's order.
using PolicyItems = std::vector<PolicyItem>;

/// All sections by their key; what has no names of its own is in `settings`.
[[nodiscard]] std::map<std::string, PolicyItems> items_of(std::span<const SourceText> texts);

/// The scalars of a sequence, or the one that stands for one; nothing of what is none.
[[nodiscard]] std::vector<std::string> words_of(const YamlNode& node);
/// On one line, in YAML's flow style, the keys of a mapping in the order of the alphabet.
[[nodiscard]] std::string flow_text(const YamlNode& node);

}  // namespace sluice::control
