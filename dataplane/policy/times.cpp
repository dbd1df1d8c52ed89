// policy: what holds at a time: schedules, exceptions until they expire, lines until their term is over.
#include <xxhash.h>

#include <algorithm>

#include "dataplane/policy/tables.h"

namespace sluice {
namespace {

/// What holds at one second, and until when.
class Moment {
 public:
  Moment(const Policy::Tables& tables, int64_t utc_s) : t_(tables), now_(utc_s) {
    known_ = t_.site->times_from <= now_ && now_ < t_.site->times_until;
    comes(t_.site->times_from);
    comes(t_.site->times_until);
    for (const CalendarInfo& calendar : t_.calendars) {
      const auto next = edge_after(calendar);
      if (next != edges_of(calendar).end()) comes(*next);
    }
  }

  bool holds(const RuleInfo& rule) {
    comes(rule.expires);
    if (rule.expires <= now_) return false;
    if (rule.calendar == kNone16) return true;
    if (!known_) return static_cast<RuleAction>(rule.action) == RuleAction::Block;
    const CalendarInfo& calendar = t_.calendars[rule.calendar];
    return (edge_after(calendar) - edges_of(calendar).begin()) % 2 == 1;
  }

  bool holds(const LineInfo& line) {
    comes(line.expires);
    return now_ < line.expires;
  }

  int64_t until() const { return until_; }

 private:
  void comes(int64_t edge) {
    if (edge > now_) until_ = std::min(until_, edge);
  }
  std::span<const int64_t> edges_of(const CalendarInfo& calendar) const {
    return t_.edges.subspan(calendar.first_edge, calendar.edge_count);
  }
  std::span<const int64_t>::iterator edge_after(const CalendarInfo& calendar) const {
    const auto edges = edges_of(calendar);
    return std::upper_bound(edges.begin(), edges.end(), now_);
  }

  const Policy::Tables& t_;
  const int64_t now_;
  bool known_;  ///< what the calendars say
  int64_t until_ = kNever;
};

/// Sets a bit; returns whether it was otherwise.
bool assign(uint64_t* row, size_t index, bool value) {
  uint64_t& word = row[index / 64];
  const uint64_t before = word, mask = uint64_t{1} << (index % 64);
  word = value ? word | mask : word & ~mask;
  return word != before;
}

}  // namespace

bool Policy::advance(Scratch& scratch, int64_t utc_s) const {
  if (scratch.since_s_ <= utc_s && utc_s < scratch.until_s_) return false;
  const Tables& t = *tables_;
  Moment moment(t, utc_s);
  bool changed = false;
  for (size_t rule = 0; rule < t.rules.size(); ++rule)
    changed |= assign(scratch.live_.get(), rule, moment.holds(t.rules[rule]));
  uint64_t* lines = scratch.live_.get() + t.site->rule_words;
  for (size_t line = 0; line < t.lines.size(); ++line)
    changed |= assign(lines, line, moment.holds(t.lines[line]));
  scratch.since_s_ = utc_s;
  scratch.until_s_ = moment.until();
  return changed;
}

uint64_t Policy::holding(const Scratch& scratch) const {
  const size_t words = tables_->site->rule_words + (tables_->lines.size() + 63) / 64;
  return XXH3_64bits(scratch.live_.get(), words * sizeof(uint64_t));
}

}  // namespace sluice
