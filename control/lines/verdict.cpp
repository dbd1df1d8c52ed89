// control/lines: the verdict, from figures alone.
#include "control/lines/verdict.h"

#include <algorithm>
#include <cstdio>

namespace sluice::control {
namespace {

std::string one_of(uint64_t part, uint64_t all) {
  return std::to_string(part) + " of " + std::to_string(all);
}

std::string settled(const AskingSum& sum, uint64_t part) {
  return one_of(part, sum.answered + sum.unanswered);
}

std::string milliseconds(uint64_t ns) {
  if (ns == Histogram::kNoBound) {
    return "over a second";
  }
  constexpr double kMs = 1e6;
  char out[32];
  const double ms = static_cast<double>(ns) / kMs;
  std::snprintf(out, sizeof out, ms < 0.1 ? "%.2f ms" : ms < 10 ? "%.1f ms" : "%.0f ms", ms);
  return out;
}

std::string megabits(double bits_per_s) {
  constexpr double kMega = 1e6;
  char out[32];
  std::snprintf(out, sizeof out, bits_per_s < 10 * kMega ? "%.1f" : "%.0f", bits_per_s / kMega);
  return out;
}

bool is_silent(const AskingSum& sum) {
  return sum.answered + sum.unanswered >= kLeastAsked && unanswered_share(sum) >= kUnansweredShare;
}

bool is_slow(const AskingSum& sum, uint64_t usual_ns) {
  if (usual_ns == 0 || usual_ns == Histogram::kNoBound || sum.timed() < kLeastTimed) {
    return false;
  }
  const uint64_t now_ns = sum.time_ns(0.5);
  return static_cast<double>(now_ns) > static_cast<double>(usual_ns) * kTimesUsual &&
         now_ns > usual_ns + kSlowerNs;
}

Finding line_silent(const LineSeen& line) {
  const LineSum& sum = line.sum;
  if (is_silent(sum.syns)) {
    return {Blame::Line, settled(sum.syns, sum.syns.unanswered) + " new connections had no answer"};
  }
  const bool came_back = sum.ports[1].rx_packets != 0;
  if (is_silent(sum.questions) && sum.syns.answered == 0 && !came_back) {
    return {Blame::Line, settled(sum.questions, sum.questions.unanswered) +
                             " DNS questions had no answer, and nothing else came from the line"};
  }
  if (sum.ports[1].tx_packets >= kLeastPackets && !came_back) {
    return {Blame::Line,
            std::to_string(sum.ports[1].tx_packets) + " packets were sent to it, and none came back"};
  }
  return {Blame::Ok, {}};
}

Finding dns_silent(const LineSeen& line) {
  const LineSum& sum = line.sum;
  if (!is_silent(sum.questions)) {
    return {Blame::Ok, {}};
  }
  const std::string connections = sum.syns.answered != 0
                                      ? ", while " + settled(sum.syns, sum.syns.answered) + " connections had"
                                      : ", while the line is alive";
  return {Blame::Dns,
          settled(sum.questions, sum.questions.unanswered) + " questions had no answer" + connections};
}

Finding lan_at_fault(const LineSeen& line) {
  const AskingSum& acks = line.sum.syn_acks;
  if (is_silent(acks)) {
    return {Blame::Lan,
            settled(acks, acks.unanswered) + " answers from the line were not taken by the clients"};
  }
  if (is_slow(acks, line.usual_lan_ns)) {
    return {Blame::Lan, "clients take " + milliseconds(acks.time_ns(0.5)) +
                            " to acknowledge an answer, usually " + milliseconds(line.usual_lan_ns)};
  }
  return {Blame::Ok, {}};
}

Finding line_slow_or_full(const LineSeen& line) {
  const AskingSum& syns = line.sum.syns;
  if (is_slow(syns, line.usual_line_ns)) {
    return {Blame::Line, "servers take " + milliseconds(syns.time_ns(0.5)) + " to answer, usually " +
                             milliseconds(line.usual_line_ns)};
  }
  if (line.load() >= kFullLoad) {
    const double most = std::max(line.to_line_bits_per_s(), line.from_line_bits_per_s());
    return {Blame::Line, "it is full: " + megabits(most) + " of " +
                             megabits(static_cast<double>(line.bandwidth_bits_per_s)) + " Mbit/s"};
  }
  return {Blame::Ok, {}};
}

/// Nothing is wrong: is that known, or has nobody asked?
Finding fine(const LineSeen& line) {
  const LineSum& sum = line.sum;
  const uint64_t asked = sum.syns.answered + sum.syns.unanswered;
  const uint64_t questions = sum.questions.answered + sum.questions.unanswered;
  if (asked >= kLeastAsked) {
    std::string why = settled(sum.syns, sum.syns.answered) + " new connections were answered";
    if (sum.syns.timed() != 0) {
      why += ", half of them in " + milliseconds(sum.syns.time_ns(0.5));
    }
    return {Blame::Ok, std::move(why)};
  }
  if (questions >= kLeastAsked) {
    return {Blame::Ok, settled(sum.questions, sum.questions.answered) + " DNS questions were answered"};
  }
  const PortSum& port = sum.ports[1];
  if (port.tx_packets >= kLeastPackets && port.rx_packets >= kLeastPackets) {
    return {Blame::Ok, std::to_string(port.tx_packets) + " packets went there and " +
                           std::to_string(port.rx_packets) + " came back; " +
                           (asked == 1 ? "1 new connection" : std::to_string(asked) + " new connections")};
  }
  return {Blame::NoTraffic, (asked == 1 ? "1 new connection" : std::to_string(asked) + " new connections") +
                                ", too few to tell"};
}

}  // namespace

double LineSeen::load() const {
  return bandwidth_bits_per_s == 0 ? 0
                                   : std::max(to_line_bits_per_s(), from_line_bits_per_s()) /
                                         static_cast<double>(bandwidth_bits_per_s);
}

double unanswered_share(const AskingSum& sum) {
  const uint64_t all = sum.answered + sum.unanswered;
  return all == 0 ? 0 : static_cast<double>(sum.unanswered) / static_cast<double>(all);
}

Finding judge_gateway(const GatewaySeen& gateway) {
  if (!gateway.up) {
    return {Blame::Gateway, "the data plane is not connected: does sluice-dataplane run?"};
  }
  if (gateway.generation == 0) {
    return {Blame::Gateway, "no policy is in force, so nothing passes"};
  }
  if (!gateway.standing.empty() && gateway.seconds >= kStandingSeconds) {
    return {Blame::Gateway, "worker " + std::to_string(gateway.standing.front()) + " stands still"};
  }
  uint64_t dropped = 0;
  std::string reasons;
  for (const auto& [reason, count] : gateway.drops) {
    dropped += count;
    reasons += (reasons.empty() ? "" : ", ") + std::string(reason) + " " + std::to_string(count);
  }
  const double share =
      gateway.received == 0 ? 0 : static_cast<double>(dropped) / static_cast<double>(gateway.received);
  if (dropped >= kLeastOwnDrops && share >= kOwnDropShare) {
    return {Blame::Gateway, "it dropped " + one_of(dropped, gateway.received) + " packets: " + reasons};
  }
  return {Blame::Ok, {}};
}

Finding judge_line(const GatewaySeen& gateway, const LineSeen& line) {
  // A port without a link lets its queue run full: that is no drop of the gateway's own.
  const bool can_see = gateway.up && gateway.generation != 0;
  if (can_see && line.line_link == LinkState::Down) {
    return {Blame::Line, line.lan_link == LinkState::Down ? "neither its port nor the LAN's has a link"
                                                          : "its port has no link"};
  }
  if (can_see && line.lan_link == LinkState::Down) {
    return {Blame::Lan, "its port has no link"};
  }
  Finding out = judge_gateway(gateway);
  if (out.blame == Blame::Gateway) {
    return out;
  }
  if (line.term_over) {
    return {Blame::Gateway, "the line's term is over, so it refuses what is opened: " +
                                std::to_string(gateway.line_expired) + " accesses"};
  }
  for (const auto& find : {line_silent, dns_silent, lan_at_fault, line_slow_or_full}) {
    if (out = find(line); out.blame != Blame::Ok) {
      return out;
    }
  }
  return fine(line);
}

}  // namespace sluice::control
