// control/lines: figures as JSON.
#include "control/lines/lines_json.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "control/base/json_fields.h"
#include "control/base/utc.h"
#include "control/lines/term_watch.h"

namespace sluice::control {
namespace {

using nlohmann::json;

constexpr int64_t kEndingSoonS = int64_t{30} * 86'400;
constexpr int64_t kNsPerS = 1'000'000'000;
constexpr std::string_view kLinkWords[] = {"unknown", "down", "up"};

json ms_json(uint64_t ns) {
  constexpr double kMs = 1e6;
  // 0: not known; beyond what is counted: its last bound is the least that it was.
  if (ns == 0) {
    return nullptr;
  }
  return static_cast<double>(ns == Histogram::kNoBound ? Histogram::bound_of(Histogram::kBuckets - 2) : ns) /
         kMs;
}

json asking_json(const AskingSum& sum) {
  const bool known = sum.answered + sum.unanswered != 0;
  return {{"asked", sum.asked},
          {"repeated", sum.repeated},
          {"answered", sum.answered},
          {"unanswered", sum.unanswered},
          {"late", sum.late},
          {"unanswered_share", known ? json(unanswered_share(sum)) : json()},
          {"p50_ms", ms_json(sum.time_ns(0.5))},
          {"p99_ms", ms_json(sum.time_ns(0.99))}};
}

json window_json(const LineSeen& line) {
  const LineSum& sum = line.sum;
  const bool ended = sum.ended != 0;
  return {{"seconds", line.seconds},
          {"to_line_bits_per_second", line.to_line_bits_per_s()},
          {"from_line_bits_per_second", line.from_line_bits_per_s()},
          {"load", line.bandwidth_bits_per_s == 0 ? json() : json(line.load())},
          {"packets_to_line", sum.ports[1].tx_packets},
          {"packets_from_line", sum.ports[1].rx_packets},
          {"line_handshakes", asking_json(sum.syns)},
          {"lan_handshakes", asking_json(sum.syn_acks)},
          {"dns", asking_json(sum.questions)},
          {"hellos_repeated", sum.hellos_repeated},
          {"flows_ended", sum.ended},
          {"one_way_flows", sum.one_way},
          {"one_way_share",
           ended ? json(static_cast<double>(sum.one_way) / static_cast<double>(sum.ended)) : json()}};
}

json gateway_json(const GatewaySeen& seen) {
  json drops = json::object();
  for (const auto& [reason, count] : seen.drops) {
    drops[std::string(reason)] = count;
  }
  return {{"seconds", seen.seconds},
          {"packets_received", seen.received},
          {"drops", std::move(drops)},
          {"records_lost", seen.records_lost},
          {"standing_workers", seen.standing}};
}

json ending(const char* kind, const std::string& name, int64_t ends_s, int64_t utc_s) {
  return {{"kind", kind}, {"name", name}, {"ends", utc_text(ends_s * kNsPerS)}, {"ended", ends_s <= utc_s}};
}

}  // namespace

json lines_status(const LineWatch& watch, LineTime now, bool up, uint32_t generation,
                  const PolicyTerms& terms, int64_t utc_s) {
  const auto longer = watch.window() * LineWatch::kLongWindows;
  const GatewaySeen gateway = watch.gateway(watch.window(), now, up, generation);
  const std::vector<LineSeen> lines = watch.lines(watch.window(), now, terms, utc_s);
  const std::vector<LineSeen> before = watch.lines(longer, now, terms, utc_s);
  Finding worst = judge_gateway(gateway);
  if (worst.blame == Blame::Ok) {
    worst = {Blame::NoTraffic, {}};
  }
  json out{{"lines", json::array()},
           {"gateway",
            {{"last_minute", gateway_json(gateway)},
             {"last_five_minutes", gateway_json(watch.gateway(longer, now, up, generation))}}}};
  for (size_t i = 0; i < lines.size(); ++i) {
    const LineSeen& line = lines[i];
    const Finding found = judge_line(gateway, line);
    if (worst.why.empty() || found.blame > worst.blame) {
      worst = found;
    }
    out["lines"].push_back({{"name", line.name},
                            {"verdict", kBlameWords[static_cast<size_t>(found.blame)]},
                            {"why", found.why},
                            {"lan_link", kLinkWords[static_cast<size_t>(line.lan_link)]},
                            {"line_link", kLinkWords[static_cast<size_t>(line.line_link)]},
                            {"bandwidth_bits_per_second",
                             line.bandwidth_bits_per_s == 0 ? json() : json(line.bandwidth_bits_per_s)},
                            {"usual_line_handshake_ms", ms_json(line.usual_line_ns)},
                            {"usual_lan_handshake_ms", ms_json(line.usual_lan_ns)},
                            {"last_minute", window_json(line)},
                            {"last_five_minutes", window_json(before[i])}});
  }
  out["verdict"] = kBlameWords[static_cast<size_t>(worst.blame)];
  out["why"] = worst.why;
  return out;
}

json lines_register(const PolicyRegister& registers, const PolicyTerms& terms, int64_t utc_s) {
  json out = register_json(registers);
  for (json& line : out["lines"]) {
    const auto term = std::ranges::find(terms.lines, text_at(line, "name"), &LineTerm::name);
    const bool known = term != terms.lines.end(), ends = known && term->ends_s != 0;
    line["bandwidth_bits_per_second"] =
        known && term->bandwidth_bits_per_s != 0 ? json(term->bandwidth_bits_per_s) : json();
    line["on_expiry"] = known && term->refused_after ? "block" : "warn";
    line["ends"] = ends ? json(utc_text(term->ends_s * kNsPerS)) : json();
    line["days_left"] = ends ? json(days_left(*term, utc_s)) : json();
    line["over"] = ends && term->ends_s <= utc_s;
  }
  return out;
}

void add_line_states(json& registers, const json& us) {
  const json states = us.is_object() ? us.value("lines", json::array()) : json::array();
  for (json& line : registers["lines"]) {
    for (const char* key : {"verdict", "why", "lan_link", "line_link"}) {
      line[key] = nullptr;
    }
    for (const json& state : states) {
      if (state.is_object() && state.value("name", json()) == line["name"]) {
        for (const char* key : {"verdict", "why", "lan_link", "line_link"}) {
          line[key] = text_at(state, key);
        }
      }
    }
  }
}

json ending_json(const PolicyTerms& terms, int64_t utc_s) {
  json out = json::array();
  for (const LineTerm& line : terms.lines) {
    if (line.ends_s != 0 && line.ends_s <= utc_s + kTermWarnS) {
      out.push_back(ending("line", line.name, line.ends_s, utc_s));
      out.back()["refused_after"] = line.refused_after;
    }
  }
  for (const ExceptionTerm& each : terms.exceptions) {
    if (each.ends_s <= utc_s + kEndingSoonS) {
      out.push_back(ending("exception", each.name, each.ends_s, utc_s));
      out.back()["owner"] = each.owner;
      out.back()["ticket"] = each.ticket;
    }
  }
  std::stable_sort(out.begin(), out.end(),
                   [](const json& one, const json& other) { return one["ends"] < other["ends"]; });
  return out;
}

}  // namespace sluice::control
