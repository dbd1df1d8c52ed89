// control/metrics: what Prometheus reads of the access log, its term and its witness.
#include "control/metrics/log_metrics.h"

#include "control/metrics/family.h"

namespace sluice::control {

using Families = std::vector<prometheus::MetricFamily>;

void add_log(const AccessLog::Counts& log, Families& out) {
  const auto add = [&](const char* name, const char* help, const std::atomic<uint64_t>& value) {
    Family::counter(name, help).add(value.load(std::memory_order_relaxed)).move_to(out);
  };
  add("sluice_log_records_total", "Access records that are on disk.", log.records);
  add("sluice_log_folded_records_total", "Of them those that were folded into another one's line.",
      log.folded);
  add("sluice_log_fold_full_total", "Lines begun as the one before bears as many repeats as a line may.",
      log.fold_full);
  add("sluice_log_bytes_total", "Bytes of the access log that are on disk.", log.bytes);
  add("sluice_log_text_bytes_total", "Bytes of the access log that are on disk, before they were packed.",
      log.text_bytes);
  add("sluice_log_segments_closed_total", "Segments of the access log that bear their signed end.",
      log.closed);
  add("sluice_log_gaps_total", "Lines of the access log that say that records are missing.", log.gaps);
  add("sluice_log_syncs_total", "Times the access log was synced.", log.syncs);
  add("sluice_log_errors_total", "Times the disk refused the access log.", log.errors);
  add("sluice_log_malformed_slots_total", "Slots of the event rings that held no record.", log.malformed);
  add("sluice_log_lost_records_total", "Numbers of records that never came.", log.lost);
  add("sluice_log_doubles_total", "Records that were in the log already, and were not written again.",
      log.doubles);
  add("sluice_log_unnamed_records_total", "Records whose rule or network no kept policy names.", log.unnamed);
}

void add_keep(const KeepFigures& keep, Families& out) {
  const auto gauge = [&](const char* name, const char* help, double value) {
    Family::gauge(name, help).add(value).move_to(out);
  };
  gauge("sluice_log_oldest_timestamp_seconds", "Time of the oldest record of the access log; 0: none.",
        static_cast<double>(keep.oldest_ns) / 1e9);
  gauge("sluice_log_term_seconds", "How long the policy keeps the access log; 0: not known.", keep.keep_s);
  gauge("sluice_log_disk_free_bytes", "What can still be written beside the access log.",
        static_cast<double>(keep.free_bytes));
  gauge("sluice_log_disk_full_seconds",
        "Until the access log's disk is full, as it grew in the last days; +Inf where the term fits.",
        keep.disk.full_s);
  gauge("sluice_log_disk_full_before_term", "1 where that is before what is written now may be deleted.",
        keep.disk.before_term ? 1.0 : 0.0);
  gauge("sluice_log_holds", "Cases for which records are kept beyond their term.",
        static_cast<double>(keep.holds));
  Family::counter("sluice_log_deleted_segments_total", "Segments that were deleted after their term.")
      .add(keep.deleted)
      .move_to(out);
  Family::counter("sluice_log_keep_errors_total",
                  "Runs in which something could not be read, written down or deleted.")
      .add(keep.errors)
      .move_to(out);
}

void add_witness(const WitnessStatus& witness, Families& out) {
  Family::gauge("sluice_log_has_witness", "1 where the policy names a witness of the access log.")
      .add(witness.kind == LogWitness::Kind::None ? 0.0 : 1.0)
      .move_to(out);
  Family::gauge(
      "sluice_log_unwitnessed_since_timestamp_seconds",
      "When the oldest signed line of the access log was written that no witness has; 0: it has all.")
      .add(static_cast<double>(witness.since_s))
      .move_to(out);
  Family::counter("sluice_log_witness_deliveries_total", "Deliveries to the witness, by what became of them.")
      .add(witness.delivered, {{"result", "taken"}})
      .add(witness.failed, {{"result", "failed"}})
      .move_to(out);
}

}  // namespace sluice::control
