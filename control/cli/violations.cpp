// control/cli: sluicectl violations.
#include <algorithm>
#include <functional>
#include <iostream>
#include <nlohmann/json.hpp>

#include "control/base/utc.h"
#include "control/cli/client.h"
#include "control/cli/commands.h"
#include "control/cli/note_reading.h"
#include "control/cli/reports.h"
#include "control/cli/table.h"
#include "control/cli/usage_view.h"
#include "control/policy/utf8.h"

namespace sluice::control {
namespace {

using nlohmann::json;

/// Reads the incidents of a time and what was said of them. Returns false, and has said why.
bool read_incidents(const std::string& log, const ReadSource& policy, int64_t begin_ns, int64_t end_ns,
                    Figures& found, Reviews& reviews) {
  LogReadingLine progress("log");
  const std::string error = find_incidents(
      log, begin_ns, end_ns, figure_terms_of(policy.source, policy.zone),
      [&](uint64_t done, uint64_t all) { progress(done, all); }, found);
  progress.clear();
  if (!finish_reading(error, found.findings)) {
    return false;
  }
  SealedFindings altered;
  const std::string why = read_reviews(log, reviews, altered);
  for (const std::string& each : altered.problems) {
    std::cerr << "sluicectl: the findings were ALTERED: " << printable(each) << "\n";
  }
  return why.empty() || cannot_do(why) == kDone;
}

void print_incidents(const Figures& found, const Reviews& reviews, Month month, const TimeZone& zone) {
  const size_t width = output_width();
  if (found.incidents.empty()) {
    std::cout << "no incident in " << month_text(month) << "\n";
  }
  std::vector<std::vector<std::string>> rows;
  for (const Incident& each : found.incidents) {
    rows.push_back({each.id, std::string(word_for(reviews.word_on(each.id))), printable(each.rule),
                    local_minute(each.first_ns, zone), grouped(each.accesses), printable(each.who)});
  }
  if (!rows.empty()) {
    std::cout << table_text({{"id"}, {"state", 2}, {"rule", 3}, {"began", 4}, {"accesses", 5}, {"who", 1}},
                            rows, width);
  }
  if (found.incidents_left_out != 0) {
    std::cout << wrapped("more than " + grouped(IncidentFinder::kMaxIncidents) + " came: " +
                             accesses_text(found.incidents_left_out) + " of further ones are left out",
                         width, 0)
              << "\n";
  }
}

}  // namespace

int run_violations(const std::string& socket, const ViolationsCommand& command) {
  ReadSource policy;
  const auto month = read_policy_and_month(command.policy, command.month, policy);
  Figures found;
  Reviews reviews;
  if (!month) {
    return kCannot;
  }
  const MonthSpan span = span_of(*month, policy.zone);
  note_reading(socket, "violations", {{"month", month_text(*month)}, {"log", command.log}});
  if (!read_incidents(command.log, policy, span.begin_ns, span.end_ns, found, reviews)) {
    return kCannot;
  }
  if (!command.json) {
    print_incidents(found, reviews, *month, policy.zone);
    return kDone;
  }
  json out{{"month", month_text(*month)},
           {"incidents", json::array()},
           {"accesses_left_out", found.incidents_left_out},
           {"problems", found.findings.problems},
           {"problem_count", found.findings.problem_count}};
  for (const Incident& each : found.incidents) {
    out["incidents"].push_back(incident_json(each, reviews));
  }
  std::cout << out.dump(2, ' ', false, json::error_handler_t::replace) << "\n";
  return kDone;
}

int run_finding(const std::string& socket, const ViolationsCommand& where, const FindingCommand& command,
                bool confirmed) {
  constexpr int64_t kSecondNs = 1'000'000'000;
  const auto second_ns = incident_second_ns(command.id);
  if (!second_ns) {
    return cannot_do(printable(command.id) + " is no incident's id; sluicectl violations lists them");
  }
  ReadSource policy;
  Figures found;
  Reviews reviews;
  note_reading(socket, "violations", {{"incident", command.id}, {"log", where.log}});
  if (!read_policy_source(where.policy, policy) ||
      !read_incidents(where.log, policy, *second_ns, *second_ns + kSecondNs, found, reviews)) {
    return kCannot;
  }
  const auto incident = std::ranges::find(found.incidents, command.id, &Incident::id);
  if (incident == found.incidents.end()) {
    return cannot_do("the log has no incident " + command.id + " by the rules of " + where.policy);
  }
  int status = kCannot;
  const json request{{"command", "finding"},
                     {"incident", command.id},
                     {"word", confirmed ? "confirmed" : "dismissed"},
                     {"by", command.by},
                     {"finding", command.finding},
                     {"who", incident->who},
                     {"rule", incident->rule},
                     {"start", utc_text(incident->first_ns)}};
  if (order(socket, request, where.json, status)) {
    const IncidentWord* const before = reviews.word_on(command.id);
    std::cout << wrapped(command.id + " is " + (confirmed ? "confirmed" : "dismissed") + " by " +
                             printable(command.by) +
                             (before == nullptr ? ""
                                                : "; before it was " + std::string(word_for(before)) +
                                                      " by " + printable(before->by)),
                         output_width(), 0)
              << "\n";
  }
  return status;
}

}  // namespace sluice::control
