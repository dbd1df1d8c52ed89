// control/lines: what was counted when.
#include "control/lines/line_watch.h"

#include <algorithm>

namespace sluice::control {
namespace {

/// What the gateway drops for want of something of its own.
constexpr Reason kOwnDrops[] = {Reason::Overload, Reason::HandoverFull, Reason::TxFull,
                                Reason::NoBuffer, Reason::TableFull,    Reason::LogFull};
constexpr uint64_t kLeastUsual = 30;  ///< handshakes; of fewer nothing is usual

double seconds_of(LineTime from, LineTime to) {
  return std::chrono::duration<double>(to - from).count();
}

}  // namespace

void LineWatch::set_region(std::shared_ptr<const SharedRegion> region, LineTime now) {
  if (region == region_) {
    return;
  }
  region_ = std::move(region);
  looks_.clear();
  day_.clear();
  look(now);
}

void LineWatch::look(LineTime now) {
  if (!region_) {
    return;
  }
  looks_.push_back(snapshot_of(*region_, now));
  // One that is as old as the long window stays, or that would be a little shorter.
  while (looks_.size() > 2 && looks_[1].at <= now - window_ * kLongWindows) {
    looks_.pop_front();
  }
  if (day_.empty() || now - day_.back().at >= kDayLookEvery) {
    day_.push_back(looks_.back());
  }
  if (day_.size() > kDayLooks) {
    day_.pop_front();
  }
}

uint64_t LineWatch::asked() const {
  uint64_t out = 0;
  if (looks_.empty()) {
    return out;
  }
  for (const LineSum& each : looks_.back().lines) {
    out += each.syns.asked + each.questions.asked;
  }
  return out;
}

/// The last look that is so old, or the first one; nullptr where there is none.
const Snapshot* LineWatch::since(std::chrono::milliseconds back, LineTime now) const {
  const Snapshot* out = looks_.empty() ? nullptr : &looks_.front();
  for (const Snapshot& each : looks_) {
    if (each.at > now - back) {
      break;
    }
    out = &each;
  }
  return out;
}

/// Half of the handshakes of about a day until then took no longer. The counters begin with the data plane,
/// so without a look of a day ago all they have is less than that, or all that is known.
uint64_t LineWatch::usual_ns(size_t line, AskingSum LineSum::*asking, const Snapshot& until) const {
  const AskingSum& to = until.lines[line].*asking;
  const AskingSum before = day_.size() < kDayLooks ? to : between(day_.front().lines[line].*asking, to);
  return before.timed() < kLeastUsual ? 0 : before.time_ns(0.5);
}

GatewaySeen LineWatch::gateway(std::chrono::milliseconds back, LineTime now, bool up,
                               uint32_t generation) const {
  GatewaySeen out;
  out.up = up;
  out.generation = generation;
  const Snapshot* const from = since(back, now);
  if (from == nullptr) {
    return out;
  }
  const Snapshot sum = between(*from, snapshot_of(*region_, now));
  out.seconds = seconds_of(from->at, now);
  for (const Reason reason : kOwnDrops) {
    const auto index = static_cast<size_t>(reason);
    if (sum.dropped[index] != 0) {
      out.drops.emplace_back(kReasonWords[index], sum.dropped[index]);
    }
  }
  out.received = sum.received;
  out.line_expired = sum.line_expired;
  out.records_lost = sum.records_lost;
  for (size_t worker = 0; worker < sum.turns.size(); ++worker) {
    if (sum.turns[worker] == 0) {
      out.standing.push_back(worker);
    }
  }
  return out;
}

std::vector<LineSeen> LineWatch::lines(std::chrono::milliseconds back, LineTime now, const PolicyTerms& terms,
                                       int64_t utc_s) const {
  std::vector<LineSeen> out;
  const Snapshot* const from = since(back, now);
  const Snapshot* const before = since(window_, now);  // what is usual is from before the short window
  if (from == nullptr) {
    return out;
  }
  const Snapshot sum = between(*from, snapshot_of(*region_, now));
  for (size_t i = 0; i < sum.lines.size(); ++i) {
    LineSeen& line = out.emplace_back();
    line.name = region_->pair(i);
    line.seconds = seconds_of(from->at, now);
    line.lan_link = region_->link(i, 0);
    line.line_link = region_->link(i, 1);
    line.sum = sum.lines[i];
    line.usual_line_ns = usual_ns(i, &LineSum::syns, *before);
    line.usual_lan_ns = usual_ns(i, &LineSum::syn_acks, *before);
    const auto term = std::ranges::find(terms.lines, line.name, &LineTerm::name);
    if (term != terms.lines.end()) {
      line.bandwidth_bits_per_s = term->bandwidth_bits_per_s;
      line.term_over = term->refused_after && term->ends_s != 0 && term->ends_s <= utc_s;
    }
  }
  return out;
}

std::vector<LineVerdict> LineWatch::verdicts(LineTime now, bool up, uint32_t generation,
                                             const PolicyTerms& terms, int64_t utc_s) const {
  std::vector<LineVerdict> out;
  const GatewaySeen seen = gateway(window_, now, up, generation);
  for (const LineSeen& line : lines(window_, now, terms, utc_s)) {
    out.push_back({std::string(line.name), judge_line(seen, line).blame});
  }
  return out;
}

}  // namespace sluice::control
