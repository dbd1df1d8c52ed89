// control/metrics: the families of the alarms.
#include "control/metrics/alarm_metrics.h"

#include <algorithm>

#include "control/metrics/family.h"

namespace sluice::control {

void add_alarms(const AlarmStatus& status, std::vector<prometheus::MetricFamily>& out) {
  Family active =
      Family::gauge("sluice_alarm_active", "Clients, sources or gateways that the alarm is open for.");
  Family raised = Family::counter("sluice_alarms_total", "How often the alarm was raised.");
  for (const AlarmRule& rule : status.policy.rules) {
    const auto count = status.raised.find(rule.name);
    active.add(static_cast<uint64_t>(std::ranges::count(status.open, rule.name, &OpenAlarm::alarm)),
               {{"alarm", rule.name}});
    raised.add(count == status.raised.end() ? 0 : count->second, {{"alarm", rule.name}});
  }
  active.move_to(out);
  raised.move_to(out);
  Family sent = Family::counter("sluice_alarm_notices_sent_total", "Notices of alarms that were taken.");
  Family failures = Family::counter("sluice_alarm_notice_failures_total",
                                    "Tries to send notices that failed; each is repeated.");
  Family waiting =
      Family::gauge("sluice_alarm_notices_waiting", "Notices of alarms that nobody has taken yet.");
  for (size_t i = 0; i < kSinkCount; ++i) {
    sent.add(status.sinks[i].sent, {{"by", kSinkWords[i]}});
    failures.add(status.sinks[i].failed, {{"by", kSinkWords[i]}});
    waiting.add(status.sinks[i].waiting, {{"by", kSinkWords[i]}});
  }
  sent.move_to(out);
  failures.move_to(out);
  waiting.move_to(out);
  Family::counter("sluice_alarms_unnamed_total", "Alarms that were counted only, as too many were open.")
      .add(status.unnamed)
      .move_to(out);
  Family::counter("sluice_alarm_notices_dropped_total",
                  "Notices that were forgotten unsent, as too many waited.")
      .add(status.dropped)
      .move_to(out);
}

}  // namespace sluice::control
