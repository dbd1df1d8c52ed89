// control/policy: lays the rules out: one record for each, and the rows of bits that choose among them.
#include "control/policy/rule_table.h"

#include <cstdint>
#include <span>
#include <vector>

namespace sluice::control {
namespace {

/// Rows of bits over the rules.
class BitRows {
 public:
  BitRows(size_t rows, size_t words) : words_(words), bits_(rows * words) {}
  void set(size_t row, size_t rule) { bits_[row * words_ + rule / 64] |= uint64_t{1} << (rule % 64); }
  void merge(size_t row, const BitRows& other, size_t other_row) {
    for (size_t i = 0; i < words_; ++i) bits_[row * words_ + i] |= other.bits_[other_row * words_ + i];
  }
  std::vector<uint64_t> take() { return std::move(bits_); }

 private:
  size_t words_;
  std::vector<uint64_t> bits_;
};

/// A rule that always holds.
RuleInfo begin_rule(const Word& name, uint64_t protocols, ImageTables& tables) {
  RuleInfo info{};
  info.name = tables.strings.add(name.text);
  info.protocols = protocols;
  info.calendar = kNone16;
  info.expires = kNever;
  return info;
}

void lay_out_tunnels(const PolicySource& source, ImageTables& tables) {
  for (const TunnelSource& tunnel : source.tunnels) {
    RuleInfo info = begin_rule(tunnel.name, tunnel.protocols, tables);
    info.tunnel = static_cast<uint8_t>(tunnel.inspect ? TunnelRule::Opened : TunnelRule::Registered);
    tables.rules.insert(tables.rules.end(), kRulesOfTunnel, info);
  }
}

RuleInfo& lay_out_rule(const RuleSource& rule, ImageTables& tables) {
  RuleInfo info = begin_rule(rule.name, rule.protocols, tables);
  info.first_port = static_cast<uint32_t>(tables.ports.size());
  info.port_count = static_cast<uint32_t>(rule.ports.size());
  info.action = static_cast<uint8_t>(rule.action);
  info.silent = rule.silent;
  info.violation = rule.violation;
  info.message = tables.strings.add(rule.message);
  tables.ports.insert(tables.ports.end(), rule.ports.begin(), rule.ports.end());
  return tables.rules.emplace_back(info);
}

void lay_out_exceptions(const PolicySource& source, const ResolvedTimes& times, ImageTables& tables) {
  for (size_t i = 0; i < source.exceptions.size(); ++i) {
    const ExceptionSource& exception = source.exceptions[i];
    RuleInfo& info = lay_out_rule(exception.rule, tables);
    info.owner = tables.strings.add(exception.owner);
    info.ticket = tables.strings.add(exception.ticket);
    info.expires = times.exceptions[i];
  }
}

void lay_out_times(const ResolvedTimes& times, ImageTables& tables) {
  tables.site.times_from = times.from.time_since_epoch().count();
  tables.site.times_until = times.until.time_since_epoch().count();
  for (const std::vector<int64_t>& calendar : times.calendars) {
    tables.calendars.push_back(
        {static_cast<uint32_t>(tables.edges.size()), static_cast<uint32_t>(calendar.size())});
    tables.edges.insert(tables.edges.end(), calendar.begin(), calendar.end());
  }
}

}  // namespace

bool lay_out_rules(const PolicySource& source, const ResolvedRules& resolved, const ResolvedTimes& times,
                   std::span<const ListPart> parts, ImageTables& tables) {
  lay_out_times(times, tables);
  lay_out_tunnels(source, tables);
  lay_out_exceptions(source, times, tables);
  for (size_t i = 0; i < source.rules.size(); ++i)
    lay_out_rule(source.rules[i], tables).calendar = times.rules[i];
  const std::vector<ResolvedRule> rules = split_by_ports(resolved.rules, parts, tables);
  if (rules.size() > kMaxRules) return false;
  const auto sets = static_cast<uint32_t>(tables.sets.size());
  const auto networks = static_cast<uint32_t>(tables.networks.size());
  const size_t lists = tables.lists.size(), words = (tables.rules.size() + 63) / 64;
  tables.site.rule_words = static_cast<uint32_t>(words);
  const size_t rows = row_to_list(sets, networks, static_cast<uint32_t>(lists));
  if ((rows + lists) * words * sizeof(uint64_t) > kMaxRuleBitBytes) return false;

  BitRows bits(rows, words), from_list(lists, words);
  for (size_t r = 0; r < rules.size(); ++r) {
    const ResolvedRule& rule = rules[r];
    if (rule.from.any) bits.set(static_cast<size_t>(RuleRow::AnyFrom), r);
    if (rule.to.any) bits.set(static_cast<size_t>(RuleRow::AnyTo), r);
    const bool inbound = rule.direction == Direction::Inbound;
    bits.set(static_cast<size_t>(inbound ? RuleRow::Inbound : RuleRow::Outbound), r);
    for (const uint16_t list : rule.from.lists) from_list.set(list, r);
    for (const uint16_t list : rule.to.lists) bits.set(row_to_list(sets, networks, list), r);
    for (const uint16_t network : rule.from.networks) bits.set(row_from_network(sets, network), r);
    for (const uint16_t network : rule.to.networks) bits.set(row_to_network(sets, network), r);
  }
  for (uint32_t s = 0; s < sets; ++s) {
    const SetInfo& set = tables.sets[s];
    for (const uint16_t list : std::span(tables.set_lists).subspan(set.first_list, set.list_count)) {
      bits.merge(row_from_set(s), from_list, list);
      // The row of the list itself already holds what takes it in `to`.
      bits.merge(row_to_set(s), bits, row_to_list(sets, networks, list));
    }
  }
  tables.rule_bits = bits.take();
  return true;
}

}  // namespace sluice::control
