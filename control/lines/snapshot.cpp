// control/lines: sums the workers' counters.
#include "control/lines/snapshot.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace sluice::control {
namespace {

/// Counters only grow; what is read while it is written may be a little behind.
uint64_t grown(uint64_t from, uint64_t to) {
  return to > from ? to - from : 0;
}

void add(AskingSum& sum, const Asking& asking) {
  sum.asked += asking.asked.get();
  sum.repeated += asking.repeated.get();
  sum.answered += asking.answered.get();
  sum.unanswered += asking.unanswered.get();
  sum.late += asking.late.get();
  for (size_t i = 0; i < sum.times.size(); ++i) {
    sum.times[i] += asking.times.in_bucket(i);
  }
}

void add(LineSum& sum, const WorkerStats& stats, size_t pair) {
  const LineStats& line = stats.lines[pair];
  add(sum.syns, line.syns);
  add(sum.syn_acks, line.syn_acks);
  add(sum.questions, line.questions);
  sum.hellos_repeated += line.hellos_repeated.get();
  sum.ended += line.ended.get();
  sum.one_way += line.one_way.get();
  for (size_t side = 0; side < std::size(sum.ports); ++side) {
    const PortStats& port = stats.ports[pair][side];
    sum.ports[side].rx_packets += port.rx_packets.get();
    sum.ports[side].rx_bytes += port.rx_bytes.get();
    sum.ports[side].tx_packets += port.tx_packets.get();
    sum.ports[side].tx_bytes += port.tx_bytes.get();
  }
}

LineSum line_between(const LineSum& from, const LineSum& to) {
  LineSum out;
  out.syns = between(from.syns, to.syns);
  out.syn_acks = between(from.syn_acks, to.syn_acks);
  out.questions = between(from.questions, to.questions);
  out.hellos_repeated = grown(from.hellos_repeated, to.hellos_repeated);
  out.ended = grown(from.ended, to.ended);
  out.one_way = grown(from.one_way, to.one_way);
  for (size_t side = 0; side < std::size(out.ports); ++side) {
    const PortSum &one = from.ports[side], &other = to.ports[side];
    out.ports[side] = {grown(one.rx_packets, other.rx_packets), grown(one.rx_bytes, other.rx_bytes),
                       grown(one.tx_packets, other.tx_packets), grown(one.tx_bytes, other.tx_bytes)};
  }
  return out;
}

}  // namespace

uint64_t AskingSum::timed() const {
  return std::accumulate(times.begin(), times.end(), uint64_t{0});
}

uint64_t AskingSum::time_ns(double share) const {
  const uint64_t all = timed();
  if (all == 0) {
    return 0;
  }
  const auto wanted =
      std::max<uint64_t>(1, static_cast<uint64_t>(std::ceil(static_cast<double>(all) * share)));
  uint64_t below = 0;
  for (size_t i = 0; i < times.size(); ++i) {
    below += times[i];
    if (below >= wanted) {
      return Histogram::bound_of(i);
    }
  }
  return Histogram::kNoBound;
}

Snapshot snapshot_of(const SharedRegion& region, LineTime at) {
  Snapshot out;
  out.at = at;
  out.lines.resize(region.pair_count());
  for (size_t worker = 0; worker < region.worker_count(); ++worker) {
    const WorkerStats& stats = region.stats(worker);
    for (size_t pair = 0; pair < out.lines.size(); ++pair) {
      add(out.lines[pair], stats, pair);
      out.received += stats.ports[pair][0].rx_packets.get() + stats.ports[pair][1].rx_packets.get();
    }
    for (size_t reason = 0; reason < kReasonCount; ++reason) {
      out.dropped[reason] += stats.dropped[reason].get();
    }
    out.line_expired +=
        stats.accesses[static_cast<size_t>(Action::Blocked)][static_cast<size_t>(Reason::LineExpired)].get();
    out.records_lost += stats.records_lost.get();
    out.turns.push_back(stats.turns.count());
  }
  return out;
}

AskingSum between(const AskingSum& from, const AskingSum& to) {
  AskingSum out;
  out.asked = grown(from.asked, to.asked);
  out.repeated = grown(from.repeated, to.repeated);
  out.answered = grown(from.answered, to.answered);
  out.unanswered = grown(from.unanswered, to.unanswered);
  out.late = grown(from.late, to.late);
  for (size_t i = 0; i < out.times.size(); ++i) {
    out.times[i] = grown(from.times[i], to.times[i]);
  }
  return out;
}

Snapshot between(const Snapshot& from, const Snapshot& to) {
  Snapshot out;
  out.at = to.at;
  for (size_t i = 0; i < std::min(from.lines.size(), to.lines.size()); ++i) {
    out.lines.push_back(line_between(from.lines[i], to.lines[i]));
  }
  for (size_t i = 0; i < kReasonCount; ++i) {
    out.dropped[i] = grown(from.dropped[i], to.dropped[i]);
  }
  out.received = grown(from.received, to.received);
  out.line_expired = grown(from.line_expired, to.line_expired);
  out.records_lost = grown(from.records_lost, to.records_lost);
  for (size_t i = 0; i < std::min(from.turns.size(), to.turns.size()); ++i) {
    out.turns.push_back(grown(from.turns[i], to.turns[i]));
  }
  return out;
}

}  // namespace sluice::control
