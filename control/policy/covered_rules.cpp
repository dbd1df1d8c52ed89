// control/policy: rules that never decide, as one before them covers them.
#include "control/policy/covered_rules.h"

#include <algorithm>
#include <bit>
#include <set>
#include <span>
#include <tuple>
#include <utility>

namespace sluice::control {
namespace {

/// Whatever an access is, it sets bits in a row of those rules whose `from` (or `to`) takes it. A rule covers
/// a later one if it is in every row in which that one is, of `from` and of `to`, and holds for its
/// protocols, ports and times.
class Covering {
 public:
  explicit Covering(const ImageTables& tables)
      : t_(tables),
        rules_(tables.rules.size()),
        words_(tables.site.rule_words),
        covers_(rules_ * words_),
        from_seen_(rules_),
        to_seen_(rules_) {}

  std::vector<CoveredIndex> run() {
    for (size_t rule = 0; rule < rules_; ++rule) begin(rule);
    walk_addresses();
    walk_names();
    return work_ > kMaxCoverWork ? std::vector<CoveredIndex>{} : finish();
  }

 private:
  using Row = std::vector<uint64_t>;

  const uint64_t* row(uint32_t index) const { return t_.rule_bits.data() + size_t{index} * words_; }
  const uint64_t* row(RuleRow fixed) const { return row(static_cast<uint32_t>(fixed)); }
  uint32_t sets() const { return static_cast<uint32_t>(t_.sets.size()); }
  uint32_t networks() const { return static_cast<uint32_t>(t_.networks.size()); }
  static bool bit(const uint64_t* row, size_t rule) { return row[rule / 64] >> (rule % 64) & 1; }
  bool is_tunnel_rule(size_t rule) const {
    return t_.rules[rule].tunnel != static_cast<uint8_t>(TunnelRule::No);
  }
  RuleAction action(size_t rule) const { return static_cast<RuleAction>(t_.rules[rule].action); }

  /// The rules before this one that hold whenever it does, for all its protocols and ports.
  void begin(size_t rule) {
    if (is_tunnel_rule(rule)) return;
    for (size_t by = 0; by < rule; ++by) {
      if (!is_tunnel_rule(by) && action(by) != RuleAction::Observe && same_side(rule, by) &&
          protocols_within(rule, by) && ports_within(rule, by) && times_within(rule, by)) {
        covers_[rule * words_ + by / 64] |= uint64_t{1} << (by % 64);
      }
    }
  }

  /// A resolver asks for somebody else, so only what takes anybody takes its questions.
  bool same_side(size_t rule, size_t by) const {
    return bit(row(RuleRow::Inbound), rule) == bit(row(RuleRow::Inbound), by) &&
           (!bit(row(RuleRow::AnyFrom), rule) || bit(row(RuleRow::AnyFrom), by));
  }

  bool protocols_within(size_t rule, size_t by) const {
    const uint64_t all = t_.rules[by].protocols, some = t_.rules[rule].protocols;
    return all == 0 || (some != 0 && (some & ~all) == 0);
  }

  std::span<const PortRange> ports_of(size_t rule) const {
    return std::span(t_.ports).subspan(t_.rules[rule].first_port, t_.rules[rule].port_count);
  }

  bool ports_within(size_t rule, size_t by) const {
    const auto all = ports_of(by), some = ports_of(rule);
    if (all.empty()) return true;
    return !some.empty() &&
           std::ranges::all_of(some, [&](const PortRange& range) { return is_within(range, all); });
  }

  /// Ranges may overlap, and stand in any order.
  static bool is_within(const PortRange& range, std::span<const PortRange> all) {
    uint32_t next = range.first;
    for (bool moved = true; moved && next <= range.last;) {
      moved = false;
      for (const PortRange& one : all) {
        if (one.transport != range.transport || next < one.first || next > one.last) continue;
        next = uint32_t{one.last} + 1;
        moved = true;
      }
    }
    return next > range.last;
  }

  bool times_within(size_t rule, size_t by) const {
    const RuleInfo &info = t_.rules[rule], &other = t_.rules[by];
    if (other.expires < info.expires) return false;
    if (other.calendar == kNone16) return true;
    if (info.calendar == kNone16) return false;
    // Where calendars end, rules that block hold, and others do not.
    const bool beyond = action(by) == RuleAction::Block || action(rule) != RuleAction::Block;
    return beyond && calendar_within(info.calendar, other.calendar);
  }

  std::span<const int64_t> edges_of(uint16_t calendar) const {
    const CalendarInfo& info = t_.calendars[calendar];
    return std::span(t_.edges).subspan(info.first_edge, info.edge_count);
  }

  /// Whether the outer one is on wherever the inner one is. On from an even edge to the next one.
  bool calendar_within(uint16_t inner_calendar, uint16_t outer_calendar) const {
    if (inner_calendar == outer_calendar) return true;
    const auto inner = edges_of(inner_calendar), outer = edges_of(outer_calendar);
    const auto end_of = [](std::span<const int64_t> edges, size_t on) {
      return on + 1 < edges.size() ? edges[on + 1] : kNever;
    };
    size_t at = 0;
    for (size_t on = 0; on < inner.size(); on += 2) {
      while (at < outer.size() && end_of(outer, at) <= inner[on]) at += 2;
      if (at >= outer.size() || outer[at] > inner[on] || end_of(outer, at) < end_of(inner, on)) return false;
    }
    return true;
  }

  /// Every rule of the row is covered only by others of the row.
  void take(const Row& one, RuleRow direction, std::vector<bool>& seen) {
    const uint64_t* const way = row(direction);
    for (size_t w = 0; w < words_; ++w) {
      for (uint64_t left = one[w] & way[w]; left != 0; left &= left - 1) {
        const size_t rule = w * 64 + static_cast<size_t>(std::countr_zero(left));
        seen[rule] = true;
        work_ += words_;
        for (size_t i = 0; i <= w; ++i) covers_[rule * words_ + i] &= one[i];
      }
    }
  }

  Row either(const uint64_t* a, const uint64_t* b, const uint64_t* c = nullptr) {
    Row out(words_);
    work_ += words_;
    for (size_t w = 0; w < words_; ++w) out[w] = a[w] | b[w] | (c != nullptr ? c[w] : 0);
    return out;
  }

  /// Every kind of address, on the LAN in each network that it may be of, and beyond the line.
  void walk_addresses() {
    const uint64_t *any_from = row(RuleRow::AnyFrom), *any_to = row(RuleRow::AnyTo);
    std::set<uint32_t> remote;
    std::set<std::pair<uint32_t, uint16_t>> local;
    for (const AddressClass& one : t_.addresses.classes) {
      remote.insert(one.set);
      for (size_t i = 0; i < one.candidate_count; ++i) {
        const uint16_t network = t_.addresses.candidates[one.first_candidate + i];
        local.emplace(one.set, network);
        if (t_.networks[network].vlan_count == 0) break;  // it takes whatever comes to it
      }
    }
    for (const auto& [set, network] : local) {
      if (work_ > kMaxCoverWork) return;
      take(either(any_from, row(row_from_set(set)), row(row_from_network(sets(), network))),
           RuleRow::Outbound, from_seen_);
      take(either(any_to, row(row_to_set(set)), row(row_to_network(sets(), network))), RuleRow::Inbound,
           to_seen_);
    }
    for (const uint32_t set : remote) {
      if (work_ > kMaxCoverWork) return;
      take(either(any_from, row(row_from_set(set))), RuleRow::Inbound, from_seen_);
      take(either(any_to, row(row_to_set(set))), RuleRow::Outbound, to_seen_);
    }
  }

  /// Every kind of name, by the table and by patterns.
  void walk_names() {
    const uint64_t* const any_to = row(RuleRow::AnyTo);
    std::set<uint32_t> kinds{0};
    for (const NameSets& one : t_.names->sets) kinds.insert({one.self_set, one.below_set});
    const auto take_name = [&](const Row& one) {
      take(one, RuleRow::Outbound, to_seen_);
      take(one, RuleRow::Inbound, to_seen_);
    };
    for (const uint32_t set : kinds) {
      if (work_ > kMaxCoverWork) return;
      take_name(either(any_to, row(row_to_set(set))));
    }
    const std::set<uint16_t> lists(t_.patterns.lists.begin(), t_.patterns.lists.end());
    for (const uint16_t list : lists) {
      if (work_ > kMaxCoverWork) return;
      take_name(either(any_to, row(row_to_list(sets(), networks(), list))));
    }
  }

  bool same_rule(size_t a, size_t b) const {
    const StringRef &x = t_.rules[a].name, &y = t_.rules[b].name;  // each text is kept once
    return x.offset == y.offset && x.size == y.size;
  }

  /// The first rule of another name that covers this one; kNone16 where there is none.
  uint16_t first_cover(size_t rule) const {
    if (!from_seen_[rule] || !to_seen_[rule]) return kNone16;  // it never matches, but not for another one
    for (size_t w = 0; w < words_; ++w) {
      for (uint64_t left = covers_[rule * words_ + w]; left != 0; left &= left - 1) {
        const size_t by = w * 64 + static_cast<size_t>(std::countr_zero(left));
        if (!same_rule(rule, by)) return static_cast<uint16_t>(by);
      }
    }
    return kNone16;
  }

  /// A rule that opens a list with ports of its own is several in a row: all must be covered.
  std::vector<CoveredIndex> finish() const {
    std::vector<CoveredIndex> out;
    for (size_t rule = 0; rule < rules_;) {
      const uint16_t by = first_cover(rule);
      bool all = by != kNone16;
      size_t next = rule + 1;
      for (; next < rules_ && same_rule(rule, next); ++next) all = all && first_cover(next) != kNone16;
      if (all) out.push_back({static_cast<uint16_t>(rule), by});
      rule = next;
    }
    return out;
  }

  const ImageTables& t_;
  const size_t rules_, words_;
  std::vector<uint64_t> covers_;  ///< for each rule a row of those that may cover it
  std::vector<bool> from_seen_, to_seen_;
  uint64_t work_ = 0;
};

}  // namespace

std::vector<CoveredIndex> find_covered(const ImageTables& tables) {
  if (tables.rules.size() > kMaxCoverRules || tables.rules.empty()) return {};
  return Covering(tables).run();
}

}  // namespace sluice::control
