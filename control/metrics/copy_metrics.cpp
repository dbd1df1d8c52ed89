// control/metrics: the families of the copies.
#include "control/metrics/copy_metrics.h"

#include <algorithm>

#include "control/base/clock.h"
#include "control/metrics/family.h"

namespace sluice::control {
namespace {

constexpr double kNs = 1e-9;

struct CopyCount {
  const char* name;
  const char* help;
  uint64_t CopyStatus::*value;
  bool gauge;
};
constexpr CopyCount kCounts[] = {
    {"sluice_copy_records_total", "Lines of the log that the copy's recipient has taken.",
     &CopyStatus::records, false},
    {"sluice_copy_resent_records_total", "Lines sent again, as nobody knows whether they had been taken.",
     &CopyStatus::resent, false},
    {"sluice_copy_withheld_records_total",
     "Lines not sent abroad, as they could not be read and so got no pseudonyms.", &CopyStatus::withheld,
     false},
    {"sluice_copy_damaged_total", "Places of the log that could not be read, and so were not copied.",
     &CopyStatus::damaged, false},
    {"sluice_copy_missed_segments_total", "Segments deleted after their term and before they were copied.",
     &CopyStatus::missed_segments, false},
    {"sluice_copy_missed_records_total", "Records in those, as far as the log's signed lines know.",
     &CopyStatus::missed_records, false},
    {"sluice_copy_behind_records", "Records in the log that the recipient has not taken yet.",
     &CopyStatus::behind_records, true},
    {"sluice_copy_behind_bytes", "Bytes of the log's files that the recipient has not taken yet.",
     &CopyStatus::behind_bytes, true},
};

}  // namespace

void add_copies(const std::vector<CopyStatus>& copies, std::vector<prometheus::MetricFamily>& out) {
  for (const CopyCount& each : kCounts) {
    Family family = each.gauge ? Family::gauge(each.name, each.help) : Family::counter(each.name, each.help);
    for (const CopyStatus& copy : copies) {
      family.add(copy.*each.value, {{"copy", copy.plan.copy.name}});
    }
    family.move_to(out);
  }
  Family behind =
      Family::gauge("sluice_copy_behind_seconds",
                    "Age of the oldest record that the recipient has not taken yet; 0: it has all.");
  Family success = Family::gauge("sluice_copy_last_success_timestamp_seconds",
                                 "When the recipient took something last; 0: never.");
  Family pseudonyms =
      Family::gauge("sluice_copy_pseudonyms", "1 where the recipient gets pseudonyms in place of people.");
  Family failures =
      Family::counter("sluice_copy_failures_total", "Tries that failed, by why; each is repeated.");
  const int64_t now_ns = utc_now_ns();
  for (const CopyStatus& copy : copies) {
    const std::string& name = copy.plan.copy.name;
    const int64_t late_ns = copy.behind_since_ns == 0 ? 0 : now_ns - copy.behind_since_ns;
    behind.add(static_cast<double>(std::max<int64_t>(0, late_ns)) * kNs, {{"copy", name}});
    success.add(static_cast<double>(copy.taken_ns) * kNs, {{"copy", name}});
    pseudonyms.add(copy.plan.pseudonyms ? 1.0 : 0.0, {{"copy", name}});
    for (size_t i = 1; i < kCopyFailureCount; ++i) {
      failures.add(copy.failures[i], {{"copy", name}, {"reason", kCopyFailureWords[i]}});
    }
  }
  behind.move_to(out);
  success.move_to(out);
  pseudonyms.move_to(out);
  failures.move_to(out);
}

}  // namespace sluice::control
