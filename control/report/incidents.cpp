// control/report: violations of the access rules, put together to incidents.
#include "control/report/incidents.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "control/base/utc.h"
#include "control/review/reviews.h"

namespace sluice::control {
namespace {

constexpr int64_t kQuietNs = std::chrono::nanoseconds(kIncidentQuiet).count();

/// The rule would have it blocked, also where the site only observes.
bool is_refused(const AccessFields& fields) {
  return fields.action == "blocked" || fields.would == "blocked";
}

}  // namespace

void IncidentFinder::add(const UsageLine& line) {
  const AccessFields& fields = line.fields;
  if (rules_.empty() || fields.rule.empty() || line.is_end() || !is_refused(fields)) {
    return;
  }
  std::string rule = field_text(fields.rule);
  if (!rules_.contains(rule)) {
    return;
  }
  std::string key = field_text(line.client());
  key += '\0';
  key += rule;
  const auto found = newest_.find(key);
  // Lines of several workers stand a little out of order: one may begin before what came before it.
  if (found == newest_.end() || line.time_ns - incidents_[found->second].last_ns > kQuietNs ||
      incidents_[found->second].first_ns - line.time_ns > kQuietNs) {
    return begin(line, std::move(key), std::move(rule));
  }
  Incident& incident = incidents_[found->second];
  incident.first_ns = std::min(incident.first_ns, line.time_ns);
  incident.last_ns = std::max({incident.last_ns, line.time_ns, parse_utc(fields.end).value_or(0)});
  incident.accesses += fields.count;
  if (incident.asked.size() < Incident::kMaxAsked) {
    incident.asked.insert(field_text(line.asked()));
  }
}

void IncidentFinder::begin(const UsageLine& line, std::string key, std::string rule) {
  if (incidents_.size() >= kMaxIncidents) {
    left_out_ += line.fields.count;
    return;
  }
  newest_[std::move(key)] = incidents_.size();
  Incident& incident = incidents_.emplace_back();
  incident.who = field_text(line.client());
  incident.address = field_text(line.fields.source_ip);
  incident.rule = std::move(rule);
  incident.network = field_text(line.fields.network);
  incident.first_ns = line.time_ns;
  incident.last_ns = std::max(line.time_ns, parse_utc(line.fields.end).value_or(0));
  incident.accesses = line.fields.count;
  incident.asked.insert(field_text(line.asked()));
}

std::vector<Incident> IncidentFinder::take(int64_t begin_ns, int64_t end_ns) {
  newest_.clear();
  std::vector<Incident> out = std::move(incidents_);
  incidents_.clear();
  std::erase_if(out,
                [&](const Incident& each) { return each.first_ns < begin_ns || each.first_ns >= end_ns; });
  for (Incident& each : out) {
    each.id = incident_id(each.who, each.rule, each.first_ns);
  }
  std::ranges::sort(out, [](const Incident& a, const Incident& b) {
    return std::tie(a.first_ns, a.id) < std::tie(b.first_ns, b.id);
  });
  return out;
}

}  // namespace sluice::control
