// control/metrics: whether lines answer.
#include "control/metrics/line_metrics.h"

#include <algorithm>
#include <iterator>

#include "control/metrics/family.h"

namespace sluice::control {
namespace {

using LineFamilies = std::vector<prometheus::MetricFamily>;

struct AskingKind {
  std::string_view word;
  Asking LineStats::*asking;
};
constexpr AskingKind kAskingKinds[] = {
    {"syn", &LineStats::syns}, {"syn-ack", &LineStats::syn_acks}, {"dns", &LineStats::questions}};

struct AskingValue {
  const char* name;
  const char* help;
  Counter Asking::*value;
};
constexpr AskingValue kAskingValues[] = {
    {"sluice_line_asked_total",
     "SYNs and DNS questions that passed to a line, and SYN-ACKs to the LAN, for the first time.",
     &Asking::asked},
    {"sluice_line_repeated_total", "The same sent again before an answer came.", &Asking::repeated},
    {"sluice_line_answered_total", "The same answered in time; a SYN also by a refusal.", &Asking::answered},
    {"sluice_line_unanswered_total", "The same without an answer in time.", &Asking::unanswered},
    {"sluice_line_late_total", "Of the unanswered those whose answer came later.", &Asking::late},
};

struct LineValue {
  const char* name;
  const char* help;
  Counter LineStats::*value;
};
constexpr LineValue kLineValues[] = {
    {"sluice_line_hellos_repeated_total", "Segments of what clients begin with that were sent again.",
     &LineStats::hellos_repeated},
    {"sluice_line_flows_ended_total", "Flows from the LAN that ended, and of which something passed.",
     &LineStats::ended},
    {"sluice_line_one_way_flows_total", "Of them those that nothing came back for.", &LineStats::one_way},
};

uint64_t line_sum(const SharedRegion& region, size_t pair, auto value_of) {
  uint64_t out = 0;
  for (size_t worker = 0; worker < region.worker_count(); ++worker) {
    out += value_of(region.stats(worker).lines[pair]);
  }
  return out;
}

/// A histogram of all workers, by whole octaves as Family has it.
class SummedTimes {
 public:
  SummedTimes(const SharedRegion& region, size_t pair, Asking LineStats::*asking)
      : region_(region), pair_(pair), asking_(asking) {}
  uint64_t in_bucket(size_t bucket) const {
    return line_sum(region_, pair_,
                    [&](const LineStats& line) { return (line.*asking_).times.in_bucket(bucket); });
  }
  uint64_t sum_ns() const {
    return line_sum(region_, pair_, [&](const LineStats& line) { return (line.*asking_).times.sum_ns(); });
  }

 private:
  const SharedRegion& region_;
  const size_t pair_;
  Asking LineStats::*const asking_;
};

void add_askings(const SharedRegion& region, LineFamilies& out) {
  for (const AskingValue& each : kAskingValues) {
    Family family = Family::counter(each.name, each.help);
    for (size_t pair = 0; pair < region.pair_count(); ++pair) {
      for (const AskingKind& kind : kAskingKinds) {
        family.add(line_sum(region, pair,
                            [&](const LineStats& line) { return (line.*kind.asking.*each.value).get(); }),
                   {{"line", region.pair(pair)}, {"kind", kind.word}});
      }
    }
    family.move_to(out);
  }
  Family times = Family::histogram(
      "sluice_line_answer_seconds",
      "Until the answer: of a SYN from the line, of a SYN-ACK from the LAN's client, of a DNS question.");
  for (size_t pair = 0; pair < region.pair_count(); ++pair) {
    for (const AskingKind& kind : kAskingKinds) {
      times.add_times(SummedTimes(region, pair, kind.asking),
                      {{"line", region.pair(pair)}, {"kind", kind.word}});
    }
  }
  times.move_to(out);
}

}  // namespace

void add_line_figures(const SharedRegion& region, LineFamilies& out) {
  add_askings(region, out);
  for (const LineValue& each : kLineValues) {
    Family family = Family::counter(each.name, each.help);
    for (size_t pair = 0; pair < region.pair_count(); ++pair) {
      family.add(line_sum(region, pair, [&](const LineStats& line) { return (line.*each.value).get(); }),
                 {{"line", region.pair(pair)}});
    }
    family.move_to(out);
  }
  Family links = Family::gauge("sluice_port_link_up", "1 where a port has its carrier, 0 where it has none.");
  for (size_t pair = 0; pair < region.pair_count(); ++pair) {
    for (size_t side = 0; side < 2; ++side) {
      if (const LinkState state = region.link(pair, side); state != LinkState::Unknown) {
        links.add(state == LinkState::Up ? 1.0 : 0.0,
                  {{"line", region.pair(pair)}, {"side", side == 0 ? "lan" : "line"}});
      }
    }
  }
  links.move_to(out);
}

void add_line_verdicts(const std::vector<LineVerdict>& verdicts, LineFamilies& out) {
  Family family = Family::gauge(
      "sluice_line_verdict", "1 in the verdict on a line that holds, as `sluicectl status` says it; else 0.");
  for (const LineVerdict& each : verdicts) {
    for (size_t blame = 0; blame < std::size(kBlameWords); ++blame) {
      family.add(blame == static_cast<size_t>(each.blame) ? 1.0 : 0.0,
                 {{"line", each.name}, {"verdict", kBlameWords[blame]}});
    }
  }
  family.move_to(out);
}

void add_line_bandwidths(const SharedRegion& region, const PolicyTerms& terms, LineFamilies& out) {
  Family bandwidth = Family::gauge("sluice_line_bandwidth_bits_per_second",
                                   "What the policy says that a line carries each way; none: it does not.");
  for (size_t pair = 0; pair < region.pair_count(); ++pair) {
    const auto term = std::ranges::find(terms.lines, region.pair(pair), &LineTerm::name);
    if (term != terms.lines.end() && term->bandwidth_bits_per_s != 0) {
      bandwidth.add(term->bandwidth_bits_per_s, {{"line", region.pair(pair)}});
    }
  }
  bandwidth.move_to(out);
}

void add_line_terms(const PolicyTerms& terms, int64_t utc_s, LineFamilies& out) {
  constexpr double kDay = 86'400;
  Family left =
      Family::gauge("sluice_line_term_days_left",
                    "Days until a line's term is over; below 0: it is. Lines without a term have none.");
  Family refused =
      Family::gauge("sluice_line_refused_after_term",
                    "1 where a line is refused once its term is over, 0 where control only warns.");
  for (const LineTerm& line : terms.lines) {
    if (line.ends_s != 0) {
      left.add(static_cast<double>(line.ends_s - utc_s) / kDay, {{"line", line.name}});
    }
    refused.add(line.refused_after ? 1.0 : 0.0, {{"line", line.name}});
  }
  left.move_to(out);
  refused.move_to(out);
}

}  // namespace sluice::control
