// control/policy: the parts of lists that are reached on ports of their own.
#include "control/policy/list_parts.h"

#include <algorithm>
#include <utility>

namespace sluice::control {

bool same_ports(std::span<const PortRange> a, std::span<const PortRange> b) {
  return std::ranges::equal(a, b, [](const PortRange& x, const PortRange& y) {
    return x.transport == y.transport && x.first == y.first && x.last == y.last;
  });
}

namespace {

/// What is in both; nothing in a means any port.
std::vector<PortRange> in_both(std::span<const PortRange> a, std::span<const PortRange> b) {
  if (a.empty()) return {b.begin(), b.end()};
  std::vector<PortRange> out;
  for (const PortRange& x : a) {
    for (const PortRange& y : b) {
      const uint16_t first = std::max(x.first, y.first), last = std::min(x.last, y.last);
      if (x.transport == y.transport && first <= last) out.push_back({x.transport, 0, first, last});
    }
  }
  return out;
}

bool has(const std::vector<uint16_t>& lists, uint16_t list) {
  return std::ranges::find(lists, list) != lists.end();
}

}  // namespace

uint16_t ListParts::part_of(uint16_t list, std::span<const PortRange> ports) {
  for (size_t i = 0; i < parts_.size(); ++i) {
    if (parts_[i].of == list && same_ports(parts_[i].ports, ports)) return static_cast<uint16_t>(first_ + i);
  }
  if (first_ + parts_.size() >= kMaxLists || parts_.size() >= kMaxListParts) {
    full_ = true;
    return list;
  }
  parts_.push_back({list, {ports.begin(), ports.end()}});
  return static_cast<uint16_t>(first_ + parts_.size() - 1);
}

namespace {

/// Writes the rules down anew, one after the other.
class Splitter {
 public:
  Splitter(std::span<const ListPart> parts, ImageTables& tables)
      : parts_(parts),
        tables_(tables),
        first_(tables.lists.size() - parts.size()),
        infos_(std::exchange(tables.rules, {})) {}

  std::vector<ResolvedRule> split(const std::vector<ResolvedRule>& rules) {
    for (size_t r = 0; r < rules.size() && out_.size() <= kMaxRules; ++r) {
      ResolvedRule rule = rules[r];
      add_parts(rule.from.lists);
      const bool opens = infos_[r].action == static_cast<uint8_t>(RuleAction::Allow) &&
                         infos_[r].tunnel == static_cast<uint8_t>(TunnelRule::No);
      if (!opens) add_parts(rule.to.lists);
      put(rule, infos_[r]);
      if (opens && !rule.to.any) put_parts(rule, infos_[r]);
    }
    return std::move(out_);
  }

 private:
  uint16_t list_of(size_t part) const { return static_cast<uint16_t>(first_ + part); }

  void add_parts(std::vector<uint16_t>& lists) const {
    std::vector<uint16_t> added;
    for (size_t p = 0; p < parts_.size(); ++p)
      if (has(lists, parts_[p].of)) added.push_back(list_of(p));
    lists.insert(lists.end(), added.begin(), added.end());
  }

  void put(const ResolvedRule& rule, const RuleInfo& info) {
    out_.push_back(rule);
    tables_.rules.push_back(info);
  }

  void put_parts(ResolvedRule rule, const RuleInfo& info) {
    const std::vector<uint16_t> lists = std::exchange(rule.to, {}).lists;
    const std::vector<PortRange> own(tables_.ports.begin() + info.first_port,
                                     tables_.ports.begin() + info.first_port + info.port_count);
    for (size_t p = 0; p < parts_.size(); ++p) {
      if (!has(lists, parts_[p].of)) continue;
      const std::vector<PortRange> both = in_both(own, parts_[p].ports);
      if (both.empty()) continue;
      rule.to.lists = {list_of(p)};
      RuleInfo on_ports = info;
      on_ports.first_port = static_cast<uint32_t>(tables_.ports.size());
      on_ports.port_count = static_cast<uint32_t>(both.size());
      tables_.ports.insert(tables_.ports.end(), both.begin(), both.end());
      put(rule, on_ports);
    }
    // Whoever may open a name may ask for it.
    RuleInfo asked = info;
    asked.protocols = kDns;
    if (info.protocols != 0 && (info.protocols & kDns) == 0) return;
    rule.to.lists.clear();
    for (size_t p = 0; p < parts_.size(); ++p)
      if (has(lists, parts_[p].of)) rule.to.lists.push_back(list_of(p));
    if (!rule.to.lists.empty()) put(rule, asked);
  }

  static constexpr uint64_t kDns = uint64_t{1} << static_cast<uint8_t>(Protocol::Dns);
  std::span<const ListPart> parts_;
  ImageTables& tables_;
  size_t first_;
  std::vector<RuleInfo> infos_;
  std::vector<ResolvedRule> out_;
};

}  // namespace

std::vector<ResolvedRule> split_by_ports(const std::vector<ResolvedRule>& rules,
                                         std::span<const ListPart> parts, ImageTables& tables) {
  if (parts.empty()) return rules;
  return Splitter(parts, tables).split(rules);
}

}  // namespace sluice::control
