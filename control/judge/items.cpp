// control/judge: a policy's YAML as items with names, whatever keys it has.
#include "control/judge/items.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace sluice::control {
namespace {

using Kind = YamlNode::Kind;

constexpr std::array<std::string_view, 8> kNamed = {"lines",    "holidays", "schedules", "users",
                                                    "networks", "offices",  "lists",     "tunnels"};
constexpr std::array<std::string_view, 2> kOrdered = {"rules", "exceptions"};

bool has(const auto& words, std::string_view word) {
  return std::ranges::find(words, word) != words.end();
}

/// Keys and values of a mapping; of anything else the value under the empty key.
PolicyItem item_of(std::string name, const YamlNode& node) {
  PolicyItem out{std::move(name), {}};
  if (node.kind != Kind::Map) {
    out.fields.emplace("", node);
    return out;
  }
  for (size_t i = 0; i + 1 < node.children.size(); i += 2)
    out.fields.emplace(node.children[i].text, node.children[i + 1]);
  return out;
}

void add_section(const std::string& key, const YamlNode& node, std::map<std::string, PolicyItems>& out) {
  if (has(kNamed, key) && node.kind == Kind::Map) {
    for (size_t i = 0; i + 1 < node.children.size(); i += 2)
      out[key].push_back(item_of(node.children[i].text, node.children[i + 1]));
  } else if (has(kOrdered, key) && node.kind == Kind::Sequence) {
    for (const YamlNode& child : node.children) {
      PolicyItem item = item_of({}, child);
      const auto name = item.fields.find("name");
      if (name == item.fields.end()) continue;
      item.name = name->second.text;
      item.fields.erase(name);
      out[key].push_back(std::move(item));
    }
  } else {
    out["settings"].push_back(item_of(key, node));
  }
}

}  // namespace

std::map<std::string, PolicyItems> items_of(std::span<const SourceText> texts) {
  std::map<std::string, PolicyItems> out;
  Report ignored;
  for (const SourceText& text : texts) {
    const auto root = parse_yaml(text.text, ignored.add_file(text.name), ignored);
    if (!root || root->kind != Kind::Map) continue;
    for (size_t i = 0; i + 1 < root->children.size(); i += 2)
      add_section(root->children[i].text, root->children[i + 1], out);
  }
  return out;
}

std::vector<std::string> words_of(const YamlNode& node) {
  if (node.kind == Kind::Scalar) return {node.text};
  std::vector<std::string> out;
  if (node.kind != Kind::Sequence) return out;
  for (const YamlNode& child : node.children) out.push_back(flow_text(child));
  return out;
}

std::string flow_text(const YamlNode& node) {
  std::vector<std::string> parts;
  switch (node.kind) {
    case Kind::Null:
      return "~";
    case Kind::Scalar:
      return node.text;
    case Kind::Sequence:
      for (const YamlNode& child : node.children) parts.push_back(flow_text(child));
      break;
    case Kind::Map:
      for (size_t i = 0; i + 1 < node.children.size(); i += 2)
        parts.push_back(node.children[i].text + ": " + flow_text(node.children[i + 1]));
      std::ranges::sort(parts);
      break;
  }
  std::string out;
  for (const std::string& part : parts) out += (out.empty() ? "" : ", ") + part;
  return node.kind == Kind::Sequence ? "[" + out + "]" : "{" + out + "}";
}

}  // namespace sluice::control
