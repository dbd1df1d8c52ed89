// control/report: what a month's lines of the access log add up to.
#include "control/report/figures.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "control/base/sha256.h"
#include "control/base/utc.h"
#include "control/report/essential_flows.h"

namespace sluice::control {
namespace {

using nlohmann::json;
using Progress = std::function<void(uint64_t done, uint64_t all)>;

std::string rule_key(const AccessFields& fields) {
  return fields.rule.empty() ? "(" + std::string(fields.reason) + ")" : field_text(fields.rule);
}

FigureRows rows_of(const Tally& tally, size_t limit) {
  return {tally.top(limit), tally.keys(), tally.low_by(), tally.others_low()};
}

/// Adds up the lines of a month.
class Adder {
 public:
  Adder(const FigureTerms& terms, MonthSpan span, Figures& out)
      : terms_(terms), span_(span), clock_(terms.zone), first_day_(clock_.at(span.begin_ns).day), out_(out) {
    const auto days = clock_.at(span.end_ns - 1).day - first_day_;
    out_.days.resize(static_cast<size_t>(days.count()) + 1);
  }

  void add(const UsageLine& line) {
    // What began shortly before the month may end in it.
    const bool essential = line.is_end() && essentials_.take_end(line.fields);
    if (!line.is_end()) {
      essentials_.add_access(line.fields);
    }
    if (line.time_ns < span_.begin_ns || line.time_ns >= span_.end_ns) {
      return;
    }
    const AccessFields& fields = line.fields;
    out_.all.add(line);
    networks_.add(fields.network.empty() ? "(none)" : field_text(fields.network), line.client(), line);
    if (line.is_end()) {
      return add_bytes(fields, essential);
    }
    rules_.add(rule_key(fields), line.client(), line);
    const LocalClock::Shown shown = clock_.at(line.time_ns);
    const auto day = static_cast<size_t>((shown.day - first_day_).count());
    for (Figures::Count* const each : {&out_.hours[shown.hour], &out_.days[day]}) {
      each->accesses += fields.count;
      each->blocked += fields.action == "blocked" ? fields.count : 0;
    }
    if (fields.action == "blocked" && !fields.domain.empty()) {
      blocked_names_.add(field_text(fields.domain), line.client(), line);
    }
    if (fields.reason == word_of(Reason::Tunnel)) {
      out_.tunnel_attempts.add(line);
      tunnels_.add(field_text(fields.protocol), line.client(), line);
    }
    if (fields.reason == word_of(Reason::UnregisteredSource)) {
      out_.unregistered_accesses.add(line);
      unregistered_.add(field_text(fields.source_ip), line.asked(), line);
    }
  }

  void finish() {
    out_.essentials_forgotten = essentials_.forgotten();
    out_.networks = rows_of(networks_, Figures::kMaxRows);
    out_.rules = rows_of(rules_, Figures::kMaxRows);
    out_.blocked_names = rows_of(blocked_names_, Figures::kMaxRows);
    out_.tunnels = rows_of(tunnels_, Figures::kMaxRows);
    out_.unregistered = rows_of(unregistered_, Figures::kMaxRows);
  }

 private:
  void add_bytes(const AccessFields& fields, bool essential) {
    Figures::Bytes& bytes = out_.bytes[static_cast<size_t>(byte_class_of(fields, terms_.offices, essential))];
    const bool inbound = fields.direction == "inbound";
    bytes.up += inbound ? fields.destination_bytes : fields.source_bytes;
    bytes.down += inbound ? fields.source_bytes : fields.destination_bytes;
  }

  const FigureTerms& terms_;
  const MonthSpan span_;
  LocalClock clock_;
  const std::chrono::local_days first_day_;
  Figures& out_;
  EssentialFlows essentials_;
  Tally networks_{Figures::kSmallKeys}, rules_{Figures::kSmallKeys}, blocked_names_,
      tunnels_{Figures::kSmallKeys}, unregistered_{Figures::kSmallKeys};
};

std::string read_lines(const std::filesystem::path& log, int64_t begin_ns, int64_t end_ns, Progress progress,
                       const std::function<void(const UsageLine&)>& take, SearchFindings& findings) {
  // What stands shortly before says whether an incident begins or goes on.
  const int64_t since = begin_ns - std::chrono::nanoseconds(kIncidentQuiet).count();
  UsageScope scope{.log = log, .query = {}, .progress = std::move(progress)};
  scope.query.since = utc_text(since);
  scope.query.until = utc_text(end_ns - 1000);  // to the microsecond, and the end is not in it
  return read_usage(
      scope,
      [&](const UsageLine& line) {
        take(line);
        return true;
      },
      findings);
}

json count_json(const Figures::Count& count) {
  return {{"accesses", count.accesses}, {"blocked", count.blocked}};
}

json rows_json(const FigureRows& figures, const char* key, const char* others) {
  json rows = json::array();
  for (const UsageRow& row : figures.rows) {
    rows.push_back({{key, row.key},
                    {"accesses", row.count.accesses},
                    {"blocked", row.count.blocked},
                    {"observed", row.count.observed},
                    {others, row.count.others},
                    {"bytes_up", row.count.bytes_up},
                    {"bytes_down", row.count.bytes_down}});
  }
  return {{"rows", std::move(rows)},
          {"distinct", figures.keys},
          {"accesses_low_by", figures.low_by},
          {std::string(others) + "_low", figures.others_low}};
}

}  // namespace

ByteClass byte_class_of(const AccessFields& fields, const std::vector<Prefix>& offices, bool essential) {
  Address far;
  if (parse_address(fields.direction == "inbound" ? fields.source_ip : fields.destination_ip, far) &&
      std::ranges::any_of(offices, [&](const Prefix& each) { return contains(each, far); })) {
    return ByteClass::Offices;
  }
  return essential ? ByteClass::Essentials : !fields.domain.empty() ? ByteClass::Names : ByteClass::Unnamed;
}

FigureTerms figure_terms_of(const PolicySource& source, const TimeZone& zone) {
  FigureTerms out{.offices = {}, .violation_rules = {}, .zone = zone};
  for (const OfficeSource& office : source.offices) {
    for (const PrefixSource& each : office.prefixes) {
      out.offices.push_back(each.prefix);
    }
  }
  for (const RuleSource& rule : source.rules) {
    if (rule.violation) {
      out.violation_rules.insert(rule.name.text);
    }
  }
  return out;
}

std::string find_figures(const std::filesystem::path& log, Month month, const FigureTerms& terms,
                         Progress progress, Figures& out) {
  const MonthSpan span = span_of(month, terms.zone);
  out.month = month;
  Adder adder(terms, span, out);
  IncidentFinder incidents(terms.violation_rules);
  std::string error = read_lines(
      log, span.begin_ns, span.end_ns, std::move(progress),
      [&](const UsageLine& line) {
        adder.add(line);
        incidents.add(line);
      },
      out.findings);
  adder.finish();
  out.incidents = incidents.take(span.begin_ns, span.end_ns);
  out.incidents_left_out = incidents.left_out();
  return error;
}

std::string find_incidents(const std::filesystem::path& log, int64_t begin_ns, int64_t end_ns,
                           const FigureTerms& terms, Progress progress, Figures& out) {
  IncidentFinder incidents(terms.violation_rules);
  std::string error = read_lines(
      log, begin_ns, end_ns, std::move(progress), [&](const UsageLine& line) { incidents.add(line); },
      out.findings);
  out.incidents = incidents.take(begin_ns, end_ns);
  out.incidents_left_out = incidents.left_out();
  return error;
}

json figures_json(const Figures& figures) {
  json bytes = json::object(), hours = json::array(), days = json::array();
  for (size_t i = 0; i < kByteClassCount; ++i) {
    bytes[std::string(kByteClassWords[i])] = {{"up", figures.bytes[i].up}, {"down", figures.bytes[i].down}};
  }
  for (const Figures::Count& each : figures.hours) {
    hours.push_back(count_json(each));
  }
  for (const Figures::Count& each : figures.days) {
    days.push_back(count_json(each));
  }
  return {{"month", month_text(figures.month)},
          {"bytes", std::move(bytes)},
          {"essentials_forgotten", figures.essentials_forgotten},
          {"accesses", figures.all.accesses},
          {"blocked", figures.all.blocked},
          {"observed", figures.all.observed},
          {"networks", rows_json(figures.networks, "name", "clients")},
          {"rules", rows_json(figures.rules, "name", "clients")},
          {"hours", std::move(hours)},
          {"days", std::move(days)},
          {"blocked_names", rows_json(figures.blocked_names, "name", "clients")},
          {"tunnels", rows_json(figures.tunnels, "protocol", "clients")},
          {"tunnel_attempts", figures.tunnel_attempts.accesses},
          {"unregistered", rows_json(figures.unregistered, "address", "asked")},
          {"unregistered_accesses", figures.unregistered_accesses.accesses},
          {"incidents", figures.incidents.size()},
          {"incident_accesses_left_out", figures.incidents_left_out},
          {"unreadable_parts", figures.findings.problem_count}};
}

std::string figures_sha256(const Figures& figures) {
  return sha256_hex(figures_json(figures).dump(-1, ' ', false, json::error_handler_t::replace));
}

}  // namespace sluice::control
